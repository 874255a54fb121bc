// A made-up VM: what it was doing at each moment of its clock, and what it has sent of that.
import { setTimeout as wait } from 'node:timers/promises';

const start = Date.UTC(2026, 2, 1, 12); // of its clock, ms since 1970
const batch = 1_000; // samples that one request may carry
const patience = 30_000; // ms, for a request that is to be sent again

export class Vm {
  /** When the samples were taken that are stored, ms since 1970. */
  readonly taken: number[] = [];
  readonly ids = new Set<number>(); // of their rows
  readonly #rows: number[] = []; // when the sample of each row was taken
  #next = start;
  #resting = false;

  constructor(
    private readonly entry: string,
    readonly host: string,
  ) {}

  /** How many different samples are stored. */
  get samples(): number {
    return this.taken.length;
  }

  /** The newest moment of which there is a sample. */
  get newest(): number {
    return this.taken.at(-1) ?? start;
  }

  /** How many samples there are of a time, its end not included. */
  between(from: number, to: number): number {
    return this.taken.filter((moment) => from <= moment && moment < to).length;
  }

  /** The same of the rows, with those that repeat a sample. */
  rowsBetween(from: number, to: number): number {
    return this.#rows.filter((moment) => from <= moment && moment < to).length;
  }

  /** Sends its next samples, so many seconds apart, each once. */
  async fill(count: number, apart = 1): Promise<void> {
    for (let left = count; left > 0; left -= batch) {
      const moments = Array.from({ length: Math.min(left, batch) }, () => this.#tick(apart));
      await this.#post(moments.map((moment) => sampleAt(this.host, moment)));
      this.taken.push(...moments);
      this.#rows.push(...moments);
    }
  }

  /** Sleeps: there are no samples of that time. */
  sleep(seconds: number): void {
    this.#next += seconds * 1_000;
  }

  /** Sends its next sample as three requests that make two rows. */
  async send(): Promise<void> {
    const moment = this.#tick();
    const body = sampleAt(this.host, moment);
    // On both routes with one key: one row, and often an id that never comes. A service that has just started waits for it.
    const key = crypto.randomUUID();
    await Promise.all([this.#post(body, key), this.#post(body, key)]);
    // And the sample again: of its rows, a snapshot holds the first only.
    await this.#post(body);
    this.taken.push(moment);
    this.#rows.push(moment, moment);
  }

  /** Sends on until it is told to rest, with a pause (ms) after each sample. */
  async goOn(pause = 10): Promise<void> {
    for (this.#resting = false; !this.#resting; await wait(pause)) await this.send();
  }

  /** Awaits that it has sent so many more samples. */
  async sendsMore(count: number): Promise<void> {
    for (const goal = this.samples + count; this.samples < goal; ) await wait(10);
  }

  rest(): void {
    this.#resting = true;
  }

  #tick(apart = 1): number {
    const moment = this.#next;
    this.#next += apart * 1_000;
    return moment;
  }

  /** Posts until the rows are surely stored; with its key, a request that is sent again makes none of its own. */
  async #post(body: object, key: string = crypto.randomUUID()): Promise<void> {
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': key };
    const request = { method: 'POST', headers, body: JSON.stringify(body) };
    for (const deadline = performance.now() + patience; ; await wait(100)) {
      const answer = await fetch(`${this.entry}/api`, request);
      const text = await answer.text();
      if (answer.status === 201) {
        const { ids }: { ids: number[] } = JSON.parse(text);
        for (const id of ids) this.ids.add(id);
        return;
      }
      if (answer.status < 500 || performance.now() > deadline) throw new Error(`${answer.status}: ${text}`);
    }
  }
}

/** CPU and RAM in waves of some minutes; zombies and stopped processes now and then. */
function sampleAt(host: string, moment: number): object {
  const seconds = moment / 1_000;
  const wave = (period: number) => (1 - Math.cos((2 * Math.PI * seconds) / period)) / 2;
  const noise = Math.abs(Math.sin(seconds * 12.9898) * 43_758.5453) % 1;
  const cpu = Math.round(100 * (6 + 80 * wave(420) + 9 * noise)) / 100;
  const total_ram = 1967;
  const uso_ram = Math.round(560 + 700 * wave(1_260) + 12 * noise);
  const states = {
    procesos_corriendo: 1 + Math.round(6 * wave(420) + noise),
    procesos_durmiendo: 108 + Math.round(9 * wave(700)),
    procesos_zombie: seconds % 300 < 40 ? 3 : 0,
    procesos_parados: seconds % 480 < 25 ? 2 : 0,
  };
  return {
    host,
    secuencia: moment,
    hora: new Date(moment).toISOString(),
    fuente: 'kernel',
    total_ram,
    uso_ram,
    ram_libre: total_ram - uso_ram,
    porcentaje_ram: Math.round((10_000 * uso_ram) / total_ram) / 100,
    porcentaje_cpu_uso: cpu,
    porcentaje_cpu_libre: Math.round(10_000 - 100 * cpu) / 100,
    ...states,
    total_procesos: Object.values(states).reduce((sum, count) => sum + count),
  };
}
