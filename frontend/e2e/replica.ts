// A socket service beside the one of the system, on the same database, which a test may end and start again; and a
// dashboard on it.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

const root = resolve(import.meta.dirname, '../..');
const readyTimeout = 30_000; // ms

export class Replica {
  private constructor(
    private readonly socket: Program,
    private readonly frontend: Program,
  ) {}

  /** `variables` are what the socket service is told besides. */
  static async start(dsn: string, variables: Record<string, string> = {}): Promise<Replica> {
    const socket = new Program('socket', await freePort(), { PULSO_DB_DSN: dsn, ...variables });
    const frontend = new Program('frontend', await freePort(), { PULSO_SOCKET_URL: socket.url });
    const replica = new Replica(socket, frontend);
    await replica.resume();
    await frontend.start();
    return replica;
  }

  get page(): string {
    return this.frontend.url;
  }

  /** Ends the socket service in order; the dashboard stays. */
  pause(): Promise<void> {
    return this.socket.stop();
  }

  /** Ends it by SIGKILL. */
  kill(): Promise<void> {
    return this.socket.kill();
  }

  resume(): Promise<void> {
    return this.socket.start();
  }

  async stop(): Promise<void> {
    await this.frontend.stop();
    await this.socket.stop();
  }
}

/** One of our programs. */
class Program {
  readonly url: string;
  private running: ChildProcess | undefined;

  constructor(
    private readonly name: string,
    private readonly port: number,
    private readonly variables: Record<string, string>,
  ) {
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Returns when it is ready. */
  async start(): Promise<void> {
    const env = { ...process.env, PORT: `${this.port}`, PULSO_LISTEN: '127.0.0.1', ...this.variables };
    const program = spawn(join(root, 'bin', this.name), { cwd: root, env, stdio: 'ignore' });
    this.running = program;
    for (const deadline = performance.now() + readyTimeout; performance.now() < deadline; await wait(20)) {
      if (program.exitCode !== null) throw new Error(`${this.name} ended with ${program.exitCode}`);
      const ready = await fetch(`${this.url}/ready`).catch(() => undefined);
      if (ready?.ok) return;
    }
    throw new Error(`${this.name} is not ready`);
  }

  async stop(): Promise<void> {
    const program = this.running;
    this.running = undefined;
    if (!program || program.exitCode !== null) return;
    const exit = once(program, 'exit');
    program.kill('SIGTERM');
    const [code] = await exit;
    if (code !== 0) throw new Error(`${this.name} ended with ${code}`);
  }

  async kill(): Promise<void> {
    const program = this.running;
    if (!program) throw new Error(`${this.name} does not run`);
    this.running = undefined;
    const exit = once(program, 'exit');
    program.kill('SIGKILL');
    await exit;
  }
}

/** A port beneath those that the kernel gives to outgoing connections, so that it is still free after a restart. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const server = createServer().listen(port, '127.0.0.1');
    const free = await Promise.race([
      once(server, 'listening').then(() => true),
      once(server, 'error').then(() => false),
    ]);
    if (!free) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}
