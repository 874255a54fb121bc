import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { expect } from '@playwright/test';
import { Replica } from './replica';
import { test as base } from './system';

const host = 'vm-restart';
const example = join(resolve(import.meta.dirname, '../..'), 'docs', 'sample.json');

/** Sends samples one after the other. */
class Writer {
  samples = 0; // that were acknowledged
  readonly ids = new Set<number>(); // of their rows
  #resting = false;

  constructor(
    private readonly entry: string,
    private readonly example: object,
  ) {}

  async send(): Promise<void> {
    const secuencia = this.samples + 1;
    const hora = new Date(Date.UTC(2026, 2, 1) + secuencia * 100).toISOString();
    const body = JSON.stringify({ ...this.example, host, secuencia, hora });
    // On both routes with one key: one row, and often an id that never comes. A service that has just started waits for it.
    const key = { 'Idempotency-Key': `${host}/${secuencia}` };
    await Promise.all([this.#post(body, key), this.#post(body, key)]);
    // And the sample again: of its rows, a snapshot holds the first only.
    await this.#post(body);
    this.samples += 1;
  }

  async #post(body: string, key?: Record<string, string>): Promise<void> {
    const headers = { 'Content-Type': 'application/json', ...key };
    const answer = await fetch(`${this.entry}/api`, { method: 'POST', headers, body });
    if (answer.status !== 201) throw new Error(`${answer.status}: ${await answer.text()}`);
    const { ids }: { ids: number[] } = JSON.parse(await answer.text());
    for (const id of ids) this.ids.add(id);
  }

  async goOn(): Promise<void> {
    for (this.#resting = false; !this.#resting; await wait(10)) await this.send();
  }

  rest(): void {
    this.#resting = true;
  }
}

const test = base.extend<{ writer: Writer; replica: Replica }>({
  writer: async ({ system }, use) => {
    const writer = new Writer(system.where.entry, JSON.parse(await readFile(example, 'utf8')));
    await writer.send(); // and so a page that opens now shows this host
    await use(writer);
    writer.rest();
  },
  // Starts after the first sample was stored.
  replica: async ({ system, writer: _ }, use) => {
    const replica = await Replica.start(system.where.dsn);
    await use(replica);
    await replica.stop();
  },
});

test.setTimeout(90_000);

test('a page counts every row once, over a restart of the socket service', async ({
  page,
  writer,
  replica,
}) => {
  await page.goto(replica.page);
  const rows = page.getByTestId('rows-total');
  await expect(rows).toHaveAttribute('data-value', '1'); // of the snapshot

  const writing = writer.goOn();
  const more = async (count: number) => {
    const before = writer.samples;
    await expect.poll(() => writer.samples).toBeGreaterThan(before + count);
  };
  await more(20);
  await replica.pause();
  await expect(page.getByTestId('conn')).toHaveAttribute('data-state', 'connecting');
  await more(20);
  await replica.resume();
  await expect(page.getByTestId('conn')).toHaveAttribute('data-state', 'live', { timeout: 20_000 });
  await more(20);
  writer.rest();
  await writing;

  // All but the first repetition, which came before the page did.
  await expect(rows).toHaveAttribute('data-value', `${writer.ids.size - 1}`);
  await expect(page.getByTestId('distinct-total')).toHaveAttribute('data-value', `${writer.samples}`);
  await expect(page.getByTestId('cpu-chart')).toHaveAttribute('data-points', `${writer.samples}`);
});
