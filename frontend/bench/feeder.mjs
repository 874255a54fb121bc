// Speaks the stream's contract as the socket service does, with made-up rows of one VM at any pace: each is a sample of
// its own. What cannot be had from the real service is the pace.
import { createServer } from 'node:http';
import { Server } from 'socket.io';

const host = 'vm-bench';
export const perSecond = 60; // of the VM's time
const liveSeconds = 300; // of the live window, which a snapshot has
const base = Date.UTC(2026, 2, 1, 12);

const two = (value) => Math.round(value * 100) / 100;
const wire = (ms) => new Date(ms).toISOString().replace('T', ' ').replace('Z', '');
const now = () => `${wire(Date.now())}000`; // in microseconds
const cpuAt = (n) => two(50 + 40 * Math.sin(n / 3_000) + 10 * Math.sin(n / 7));

function row(n) {
  const cpu = cpuAt(n);
  const used = 800 + Math.round(200 * Math.sin(n / 9_000));
  return {
    id: n + 1,
    api: n % 2 === 0 ? 'api1' : 'api2',
    recibido: now(),
    total_ram: 2_000,
    ram_libre: 2_000 - used,
    uso_ram: used,
    porcentaje_ram: two(used / 20),
    porcentaje_cpu_uso: cpu,
    porcentaje_cpu_libre: two(100 - cpu),
    procesos_corriendo: 2 + (n % 5),
    procesos_durmiendo: 100,
    procesos_zombie: n % 900 < 60 ? 2 : 0,
    procesos_parados: 0,
    total_procesos: 102 + (n % 5) + (n % 900 < 60 ? 2 : 0),
    hora: wire(base + Math.floor((n * 1_000) / perSecond)),
    host,
    secuencia: n,
    fuente: 'kernel',
  };
}

const still = (value) => ({ min: value, avg: value, max: value });

function bucket(ms, step) {
  const cpu = cpuAt(((ms - base) / 1_000) * perSecond);
  return {
    hora: wire(ms),
    samples: step * perSecond,
    cpu: { min: two(Math.max(cpu - 12, 0)), avg: cpu, max: two(Math.min(cpu + 12, 100)) },
    ram: still(40),
    procesos_corriendo: { min: 2, avg: 4, max: 6 },
    procesos_durmiendo: still(100),
    procesos_zombie: { min: 0, avg: 0.1, max: 2 },
    procesos_parados: still(0),
  };
}

function history({ from, to, points }) {
  const [begin, end] = [from, to].map((text) => Date.parse(`${text.replace(' ', 'T')}Z`));
  const steps = [1, 2, 4, 5, 10, 15, 30, 60, 120];
  const step = steps.find((s) => (end - begin) / 1_000 / s + 1 <= points) ?? 300;
  const first = Math.floor(begin / 1_000 / step) * step;
  const last = Math.ceil(end / 1_000 / step) * step;
  const buckets = [];
  for (let s = first; s < last; s += step) buckets.push(bucket(s * 1_000, step));
  const state = still(0);
  return {
    now: now(),
    host,
    from: wire(first * 1_000),
    to: wire(last * 1_000),
    step,
    resolution: 'sample',
    buckets,
    states: {
      procesos_corriendo: state,
      procesos_durmiendo: state,
      procesos_zombie: state,
      procesos_parados: state,
    },
    routes: [],
  };
}

function snapshot(n) {
  const length = liveSeconds * perSecond;
  const second = Math.floor(Date.now() / 1_000);
  return {
    now: now(),
    cursor: n,
    after: 0,
    rows: Array.from({ length }, (_, i) => row(n - length + i)),
    routes: Array.from({ length: liveSeconds - 2 }, (_, i) => routesOf(second - liveSeconds + i)).flat(),
    status: { now: now(), state: 'live', since: now(), newest: now() },
  };
}

function routesOf(second) {
  const at = wire(second * 1_000).slice(0, 19);
  return ['api1', 'api2'].map((api, i) => ({
    second: at,
    api,
    writer: i === 0 ? 'direct' : 'batch',
    requests: 30,
    rows: 30,
    errors: 0,
    latency: [
      [30 + i * 4, 20],
      [38, 9],
      [50, 1],
    ],
  }));
}

/**
 * Listens on a port of its own. `pace` is rows a second, `each` how many come in one event. Rows come from the moment
 * when the first client connects, who has a whole live window of them before.
 */
export async function startFeeder({ pace, each = 1 }) {
  const http = createServer((_, answer) => answer.end('ok'));
  const io = new Server(http, { cors: { origin: true }, transports: ['websocket'], serveClient: false });
  let n = liveSeconds * perSecond; // rows so far
  let began; // ms
  io.on('connection', (socket) => {
    began ??= performance.now();
    socket.emit('snapshot', snapshot(n));
    socket.on('history', (query, answer) => answer(history(query)));
  });

  let sent = 0; // events
  let told = Math.floor(Date.now() / 1_000);
  const timer = setInterval(() => {
    const due = began === undefined ? 0 : ((performance.now() - began) / 1_000) * (pace / each);
    for (; sent + 1 <= due; sent += 1) {
      const rows = Array.from({ length: each }, (_, i) => row(n + i));
      n += each;
      io.emit('samples', { now: now(), cursor: n, rows });
    }
    const second = Math.floor(Date.now() / 1_000);
    if (second > told) {
      io.emit('routes', { now: now(), seconds: routesOf(told) });
      told = second;
    }
  }, 2);

  await new Promise((resolve) => http.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${http.address().port}`,
    rows: () => n,
    async stop() {
      clearInterval(timer);
      await io.close();
    },
  };
}
