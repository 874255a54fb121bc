// A day of one VM, a sample a second, through the entry point.
import { setTimeout as wait } from 'node:timers/promises';
import { io } from 'socket.io-client';

const length = 86_400; // samples
const batch = 1_000;
const host = 'vm-day';

/** Returns when the history has every sample. */
export async function fill(url, entry) {
  const to = Math.floor(Date.now() / 1_000);
  const from = to - length;
  for (let at = from; at < to; at += batch) await send(entry, at, Math.min(at + batch, to));

  const socket = io(url, { transports: ['websocket'] });
  const query = { host, from: wire(from), to: wire(to), points: 1_500 };
  for (;;) {
    const { resolution, buckets = [] } = await socket.timeout(10_000).emitWithAck('history', query);
    const samples = buckets.reduce((sum, bucket) => sum + bucket.samples, 0);
    if (resolution === 'minute' && samples === length) break;
    await wait(500);
  }
  socket.disconnect();
}

async function send(entry, from, to) {
  const answer = await fetch(`${entry}/api`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(Array.from({ length: to - from }, (_, i) => sample(from + i))),
  });
  if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`);
}

function sample(at) {
  const cpu = Math.round(5_000 + 4_000 * Math.sin(at / 500)) / 100;
  return {
    total_ram: 2_000,
    ram_libre: 1_200,
    uso_ram: 800,
    porcentaje_ram: 40,
    porcentaje_cpu_uso: cpu,
    porcentaje_cpu_libre: Math.round((100 - cpu) * 100) / 100,
    procesos_corriendo: 2,
    procesos_durmiendo: 100,
    procesos_zombie: 0,
    procesos_parados: 0,
    total_procesos: 102,
    hora: wire(at),
    host,
    secuencia: at,
    fuente: 'kernel',
  };
}

const wire = (seconds) => new Date(seconds * 1_000).toISOString().slice(0, 19).replace('T', ' ');
