// What the tests of the official client have in common. The client is the dashboard's own.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../../frontend/package.json', import.meta.url));
export const { io } = require('socket.io-client');
export const { Socket: Engine } = createRequire(require.resolve('socket.io-client'))('engine.io-client');

const control = process.env.PULSO_CONFORMANCE; // the Go test, which starts this one

/** Asks the Go test to do something; it answers with a word. */
export async function ask(what) {
  const response = await fetch(`${control}/${what}`, { method: 'POST' });
  const word = await response.text();
  if (!response.ok) throw new Error(`${what}: ${response.status} ${word}`);
  return word;
}

/** The address of a service without token, and of one with. */
export const open = await ask('open');
export const locked = await ask('locked');

/** A client of its own connection, which ends with the test. */
export function client(t, url, options) {
  const socket = io(url, { forceNew: true, reconnection: false, ...options });
  t.after(() => socket.disconnect());
  return socket;
}

const patience = 15_000; // ms

/** The arguments of the next event. */
export function next(socket, event) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${event} within ${patience} ms`)), patience);
    socket.once(event, (...args) => {
      clearTimeout(timer);
      resolve(args);
    });
  });
}

/** What a client sees of the stream: every id as often as it came, and the cursor. */
export class Rows {
  ids = [];
  cursor;
  #wake = () => {};

  constructor(socket) {
    const take = ({ rows, cursor }) => {
      this.ids.push(...rows.map((row) => row.id));
      this.cursor = cursor;
      this.#wake();
    };
    socket.on('snapshot', take);
    socket.on('samples', take);
  }

  /** Waits for a row. */
  async have(id) {
    const late = AbortSignal.timeout(patience);
    while (!this.ids.includes(id)) {
      await new Promise((resolve, reject) => {
        this.#wake = resolve;
        late.addEventListener('abort', () => reject(new Error(`no row ${id}, only ${this.ids}`)), { once: true });
      });
    }
  }
}
