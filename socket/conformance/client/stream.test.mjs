// The service as the official client meets it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { ask, client, Engine, locked, next, open, Rows } from './stream.mjs';

const question = { host: 'vm', from: '2026-03-01 12:00:00', to: '2026-03-01 13:00:00', points: 10 };

for (const transports of [['polling'], ['websocket'], ['polling', 'websocket']]) {
  const over = transports.join(', then ');

  test(`events and acknowledgements over ${over}`, async (t) => {
    const socket = client(t, open, { transports });
    const rows = new Rows(socket);
    const [snapshot] = await next(socket, 'snapshot');
    assert.equal(snapshot.status.state.length > 0, true);
    await rows.have(Number(await ask('row')));

    const history = await socket.timeout(10_000).emitWithAck('history', question);
    assert.ok(Array.isArray(history.buckets), JSON.stringify(history));
    const refused = await socket.timeout(10_000).emitWithAck('history', { ...question, points: 0 });
    assert.equal(refused.error, 'parametro_invalido');

    if (transports.length > 1 && socket.io.engine.transport.name !== 'websocket') await next(socket.io.engine, 'upgrade');
    assert.equal(socket.io.engine.transport.name, transports.at(-1));
    await rows.have(Number(await ask('row')));
    assert.equal(new Set(rows.ids).size, rows.ids.length, 'a row came twice');
  });

  test(`binary data over ${over}`, async (t) => {
    const socket = client(t, open, { transports });
    await next(socket, 'connect');
    socket.emit('unknown', Buffer.from([0, 255]), { nested: [new Uint8Array(3)] });
    const refused = await socket.timeout(10_000).emitWithAck('history', Buffer.from([0, 255]));
    assert.equal(refused.error, 'parametro_invalido');
    assert.equal(socket.connected, true);
  });

  test(`leaving and coming back over ${over}`, async (t) => {
    const socket = client(t, open, { transports });
    await next(socket, 'connect');
    const gone = next(socket, 'disconnect');
    socket.disconnect();
    assert.equal((await gone)[0], 'io client disconnect');
    socket.connect();
    const rows = new Rows(socket);
    await next(socket, 'snapshot');
    await rows.have(Number(await ask('row')));
  });

  test(`a token over ${over}`, async (t) => {
    const socket = client(t, locked, { transports, auth: { token: 'wrong' } });
    const [error] = await next(socket, 'connect_error');
    assert.equal(error.data?.error, 'sin_permiso');
    assert.ok(error.message.length > 0 && error.data.mensaje.length > 0);
    assert.equal(socket.connected, false);
    socket.auth = (answer) => answer({ token: 'secret' });
    socket.connect();
    await next(socket, 'snapshot');
  });

  test(`another namespace over ${over}`, async (t) => {
    const socket = client(t, open, { transports });
    await next(socket, 'connect');
    const other = socket.io.socket('/admin');
    t.after(() => other.disconnect());
    other.connect();
    assert.equal((await next(other, 'connect_error'))[0].message, 'Invalid namespace');
    const rows = new Rows(socket);
    await rows.have(Number(await ask('row')));
  });

  test(`garbage ends an Engine.IO session over ${over}, and no other`, async (t) => {
    const witness = client(t, open, { transports });
    const rows = new Rows(witness);
    await next(witness, 'snapshot');
    const engine = new Engine(open, { path: '/socket.io/', transports });
    t.after(() => engine.close());
    // In the middle of its change to another transport a client may not hear that it was closed, until it misses a ping.
    const settled = transports.length > 1 ? next(engine, 'upgrade') : undefined;
    await next(engine, 'open');
    engine.send('0');
    assert.match((await next(engine, 'message'))[0], /^0\{"sid":"/);
    await settled;
    const closed = next(engine, 'close');
    engine.send('no packet');
    assert.match((await closed)[0], /transport (close|error)/);
    await rows.have(Number(await ask('row')));
  });

  test(`a service that goes and comes back over ${over}`, async (t) => {
    const mortal = await ask('mortal');
    const socket = client(t, mortal, { transports, reconnection: true, reconnectionDelay: 50, reconnectionDelayMax: 100 });
    const rows = new Rows(socket);
    socket.auth = (answer) => answer({ cursor: rows.cursor });
    const before = Number(await ask('mortal-row'));
    await rows.have(before);
    const gone = next(socket, 'disconnect');
    await ask('stop');
    assert.match((await gone)[0], /transport (close|error)|io server disconnect/);
    const missed = Number(await ask('mortal-row'));
    await ask('again');
    await rows.have(missed);
    await rows.have(Number(await ask('mortal-row')));
  });
}
