// The whole of Pulso on this machine, for the tests: the real programs on a private database, and the two phases.
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

const root = resolve(import.meta.dirname, '../..');
const locust = join(root, 'bin', 'locust');

/** Where the parts answer. */
interface Where {
  page: string;
  agent: string;
  work: string;
  entry: string;
  dsn: string; // of the database
}

/** What a test may end, and start again. */
type Part = 'mariadb' | 'socket';

/** What phase 2 says in the end. */
export interface Summary {
  acknowledged: number;
  distinct_samples: number;
}

export class System {
  private constructor(
    private readonly program: ChildProcessByStdio<Writable, Readable, null>,
    private readonly lines: AsyncIterator<string>, // that the program prints
    private readonly dir: string,
    readonly where: Where,
  ) {}

  static async start(): Promise<System> {
    const dir = await mkdtemp(join(tmpdir(), 'pulso-e2e-'));
    const program = spawn('bin/local', ['-dir', dir, 'up'], {
      cwd: root,
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const lines = createInterface({ input: program.stdout })[Symbol.asyncIterator]();
    return new System(program, lines, dir, JSON.parse(await nextOf(lines)));
  }

  /** Ends a part by SIGKILL. */
  kill(part: Part): Promise<void> {
    return this.#tell(`kill ${part}`);
  }

  /** Starts a part again, where it was, and returns when it is ready. */
  restart(part: Part): Promise<void> {
    return this.#tell(`restart ${part}`);
  }

  async #tell(line: string): Promise<void> {
    this.program.stdin.write(`${line}\n`);
    const answer = await nextOf(this.lines);
    if (answer !== line) throw new Error(`${line}: ${answer}`);
  }

  /** Phase 1: users load the machine, and what the agent said is kept. */
  record(users: number, seconds: number, records: number): Promise<void> {
    const { agent, work } = this.where;
    const size = ['-u', `${users}`, '-r', `${users}`, '-t', `${seconds}s`, '--records', `${records}`];
    return this.locust('trafico_entrada.py', ['--host', agent, '--target-url', work, ...size]);
  }

  /** Phase 2: users replay what phase 1 kept. */
  async replay(users: number): Promise<Summary> {
    const summary = join(this.dir, 'summary.json');
    const size = ['-u', `${users}`, '-r', `${users}`];
    await this.locust('trafico_salida.py', ['--host', this.where.entry, '--summary', summary, ...size]);
    return JSON.parse(await readFile(summary, 'utf8'));
  }

  private async locust(file: string, options: string[]): Promise<void> {
    const recording = ['--recording', join(this.dir, 'recording.json')];
    const arguments_ = [
      '-f',
      join(root, 'locust', file),
      '--headless',
      '--only-summary',
      ...recording,
      ...options,
    ];
    const phase = spawn(locust, arguments_, { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    phase.stderr.on('data', (chunk) => {
      said += chunk;
    });
    const [code] = await once(phase, 'exit');
    if (code !== 0) throw new Error(`${file} ended with ${code}:\n${said}`);
  }

  async stop(): Promise<void> {
    const exit = once(this.program, 'exit');
    this.program.kill('SIGTERM');
    const [code] = await exit;
    if (code !== 0) throw new Error(`bin/local up ended with ${code}; its logs are in ${this.dir}`);
    await rm(this.dir, { recursive: true });
  }
}

async function nextOf(lines: AsyncIterator<string>): Promise<string> {
  const { value, done } = await lines.next();
  if (done) throw new Error('bin/local up ended');
  return value;
}
