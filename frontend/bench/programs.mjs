// Our own programs, as `make build` makes them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';

const root = resolve(import.meta.dirname, '../..');
const readyTimeout = 30_000; // ms

/** Runs the dashboard's server before a socket service for as long as `use` takes. */
export async function withDashboard(socketUrl, use) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env = { ...process.env, PORT: `${port}`, PULSO_LISTEN: '127.0.0.1', PULSO_SOCKET_URL: socketUrl };
  const program = spawn(join(root, 'bin', 'frontend'), { cwd: root, env, stdio: 'ignore' });
  try {
    for (const deadline = performance.now() + readyTimeout; ; await wait(20)) {
      if (program.exitCode !== null || performance.now() > deadline)
        throw new Error('bin/frontend is not ready');
      const answer = await fetch(`${url}/ready`).catch(() => undefined);
      if (answer?.ok) break;
    }
    return await use(url);
  } finally {
    await end(program);
  }
}

/** Runs the whole system on a database of its own for as long as `use` takes. */
export async function withSystem(use) {
  const dir = await mkdtemp(join(tmpdir(), 'pulso-bench-'));
  const program = spawn('bin/local', ['-dir', dir, 'up'], { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
  try {
    const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
    const { value: line, done } = await lines.next();
    if (done) throw new Error('bin/local up ended');
    return await use(JSON.parse(line));
  } finally {
    await end(program);
    await rm(dir, { recursive: true });
  }
}

async function end(program) {
  if (program.exitCode !== null) return;
  const exit = once(program, 'exit');
  program.kill('SIGTERM');
  await exit;
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
