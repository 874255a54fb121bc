// The reference of `make bench-stream`: the socket service as one writes it with socket.io for Node.js. It reads the rows
// behind the newest id that it knows every 250 ms and sends them to every client.
//
//   node server.mjs single    one event a row
//   node server.mjs batched   one event a look, with an array of all rows
//
// WebSocket only and without compression, as ours; it checks no token, keeps no history, and sends no snapshot.
import { createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import mysql from 'mysql2/promise';
import { Server } from 'socket.io';

const tick = 250; // ms
const columns = `id, total_ram, ram_libre, uso_ram, porcentaje_ram, porcentaje_cpu_uso, porcentaje_cpu_libre,
  procesos_corriendo, total_procesos, procesos_durmiendo, procesos_zombie, procesos_parados, hora, host, secuencia, fuente,
  api, recibido`;

const send = {
  single(io, rows) {
    for (const row of rows) io.emit('sample', row);
  },
  batched(io, rows) {
    io.emit('samples', { now: new Date().toISOString(), cursor: rows.at(-1).id, rows });
  },
}[process.argv[2]];

const [, user, socketPath, database] = process.env.PULSO_DB_DSN.match(/^(.*)@unix\((.*)\)\/(\w+)/);
const db = await mysql.createConnection({ user, socketPath, database, dateStrings: true, timezone: 'Z' });
const [[{ newest }]] = await db.query('SELECT COALESCE(MAX(id), 0) AS newest FROM samples');

const http = createServer((_, answer) => answer.end()); // ready
const io = new Server(http, { transports: ['websocket'], perMessageDeflate: false, serveClient: false });
http.listen(0, '127.0.0.1', () => {
  const { address, port } = http.address();
  console.error(JSON.stringify({ message: 'listening', address: `${address}:${port}` }));
});

for (let last = newest; ; ) {
  const began = performance.now();
  const [rows] = await db.query(`SELECT ${columns} FROM samples WHERE id > ? ORDER BY id`, [last]);
  if (rows.length > 0) {
    last = rows.at(-1).id;
    send(io, rows);
  }
  await sleep(Math.max(0, tick - (performance.now() - began)));
}
