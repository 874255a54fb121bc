import { io, type Socket } from 'socket.io-client';
import type {
  Auth,
  Failure,
  History,
  HistoryQuery,
  Routes,
  Samples,
  Snapshot,
  Status,
} from '../contract/event';
import type { Access } from './access';
import type { StreamStore } from './store';

interface ServerEvents {
  snapshot: (event: Snapshot) => void;
  samples: (event: Samples) => void;
  status: (event: Status) => void;
  routes: (event: Routes) => void;
}

interface ClientEvents {
  history: (query: HistoryQuery, answer: (answer: History | Failure) => void) => void;
}

/** Asks for the past; fails with a Refusal, or with another error when no answer came in time. */
export type Ask = (query: HistoryQuery) => Promise<History>;

/** The page's way to the server. */
export interface Portal {
  readonly history: Ask;
  /** Comes back with a token, after the server refused to let the page in without the right one. */
  readonly enter: (token: string) => void;
  readonly close: () => void;
}

/** The server's no, with its code and its sentence for a person. */
export class Refusal extends Error {
  readonly code: string; // of docs/contract.md

  constructor({ error, mensaje }: Failure) {
    super(mensaje);
    this.name = 'Refusal';
    this.code = error;
  }
}

const answerTimeout = 15_000; // ms
const noPermission = 'sin_permiso'; // of docs/contract.md

// Every page of a room must not come back in the same instant after a restart.
const comeBack = () => 500 + Math.random() * 2_000; // ms

/** Connects the store to the stream of this page's own origin. The only place that knows the socket. */
export function openPortal(store: StreamStore, access: Access): Portal {
  const socket: Socket<ServerEvents, ClientEvents> = io({
    transports: ['websocket'],
    auth: (say: (auth: Auth) => void) => say({ ...store.auth(), ...access.auth() }), // asked for at every connection
    ackTimeout: answerTimeout,
    reconnectionDelay: 500,
    reconnectionDelayMax: 5_000,
    randomizationFactor: 0.5,
  });
  let timer: ReturnType<typeof setTimeout> | undefined;

  function lost(reason: Error | string): void {
    if (isRefusal(reason)) {
      store.refused();
      return; // another attempt would end like this one
    }
    store.disconnected();
    // The client comes back by itself from a lost network, but not to a server that sent it away or said goodbye.
    if (socket.active) return;
    clearTimeout(timer);
    timer = setTimeout(() => socket.connect(), comeBack());
  }

  socket.on('connect', () => store.connected());
  socket.on('snapshot', (event) => store.snapshot(event));
  socket.on('samples', (event) => store.samples(event));
  socket.on('status', (event) => store.status(event));
  socket.on('routes', (event) => store.routes(event));
  socket.on('connect_error', lost);
  socket.on('disconnect', lost);

  return {
    async history(query) {
      const answer = await socket.emitWithAck('history', query);
      if ('error' in answer) throw new Refusal(answer);
      return answer;
    },
    enter(token) {
      access.remember(token);
      socket.connect();
    },
    close() {
      clearTimeout(timer);
      socket.off();
      socket.disconnect();
    },
  };
}

function isRefusal(reason: Error | string): boolean {
  if (typeof reason === 'string' || !('data' in reason)) return false;
  const { data } = reason;
  return typeof data === 'object' && data !== null && 'error' in data && data.error === noPermission;
}
