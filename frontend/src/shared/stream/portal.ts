import { io, type Socket } from 'socket.io-client';
import type { Samples, Snapshot, Status } from '../contract/event';
import type { StreamStore } from './store';

interface ServerEvents {
  snapshot: (event: Snapshot) => void;
  samples: (event: Samples) => void;
  status: (event: Status) => void;
}

type ClientEvents = Record<never, never>;

// Every page of a room must not come back in the same instant after a restart.
const comeBack = () => 500 + Math.random() * 2_000; // ms

/** Connects the store to the stream of this page's own origin. The only place that knows the socket. */
export function openPortal(store: StreamStore): () => void {
  const socket: Socket<ServerEvents, ClientEvents> = io({
    transports: ['websocket'],
    reconnectionDelay: 500,
    reconnectionDelayMax: 5_000,
    randomizationFactor: 0.5,
  });
  let timer: ReturnType<typeof setTimeout> | undefined;

  function lost(): void {
    store.disconnected();
    // The client comes back by itself from a lost network, but not to a server that refused it or said goodbye.
    if (socket.active) return;
    clearTimeout(timer);
    timer = setTimeout(() => socket.connect(), comeBack());
  }

  socket.on('connect', () => store.connected());
  socket.on('snapshot', (event) => store.snapshot(event));
  socket.on('samples', (event) => store.samples(event));
  socket.on('status', (event) => store.status(event));
  socket.on('connect_error', lost);
  socket.on('disconnect', lost);

  return () => {
    clearTimeout(timer);
    socket.off();
    socket.disconnect();
  };
}
