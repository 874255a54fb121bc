// Connects to a stream as the page does, or by polling alone, and prints one JSON line per event: a witness for tests.
//
//   node frontend/tools/observe.mjs http://127.0.0.1:8000 websocket|polling
//
// PULSO_SOCKET_TOKEN is the token to show, where the service asks for one. Runs until SIGTERM, SIGINT, or the end of its standard input, and then exits with 0.
import { io } from 'socket.io-client';

const [url, transport] = process.argv.slice(2);
if (!url || !['websocket', 'polling'].includes(transport)) {
  console.error('usage: node observe.mjs URL websocket|polling');
  process.exit(2);
}

const print = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const ids = (rows) => rows.map((row) => row.id);

const socket = io(url, {
  transports: [transport],
  auth: { token: process.env.PULSO_SOCKET_TOKEN },
  reconnectionDelay: 100,
  reconnectionDelayMax: 1000,
});
socket.on('connect', () => print({ event: 'connect' }));
socket.on('connect_error', (error) => print({ event: 'connect_error', message: error.message }));
socket.on('snapshot', ({ rows, cursor }) => print({ event: 'snapshot', ids: ids(rows), cursor }));
socket.on('samples', ({ rows, cursor }) => print({ event: 'samples', ids: ids(rows), cursor }));
socket.on('status', ({ state }) => print({ event: 'status', state }));
socket.on('disconnect', (reason) => {
  print({ event: 'disconnect', reason });
  // The client does not come back by itself after a server that said goodbye.
  if (reason === 'io server disconnect') setTimeout(() => socket.connect(), 100);
});

function stop() {
  socket.disconnect();
  // Exit by itself would wait for the timers of a connection attempt; what was printed must still leave.
  process.stdout.write('', () => process.exit(0));
}
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
process.stdin.resume();
process.stdin.once('end', stop);
process.stdin.once('error', stop);
