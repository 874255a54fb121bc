// What every test here begins with.
import { test as base, expect, type Page } from '@playwright/test';
import { System } from './system';
import { Vm } from './vm';

export { expect } from '@playwright/test';

interface Fixtures {
  vm: Vm; // one that nobody else has
  empty: System; // a system of the test's own, without a row
}

export const test = base.extend<Fixtures, { system: System }>({
  /** A running system, shared by the tests of a worker. */
  system: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of what a fixture needs from here
    async ({}, use) => {
      const system = await System.start();
      await use(system);
      await system.stop();
    },
    { scope: 'worker', timeout: 60_000 },
  ],
  vm: async ({ system }, use) => {
    const vm = new Vm(system.where.entry, newHost());
    await use(vm);
    vm.rest();
  },
  // biome-ignore lint/correctness/noEmptyPattern: see above
  empty: async ({}, use) => {
    const system = await System.start();
    await use(system);
    await system.stop();
  },
});

export function newHost(): string {
  return `vm-${crypto.randomUUID().slice(0, 8)}`;
}

/** An address of the page: `?host=…` and what else is said. */
export function address(page: string, host: string, more: Record<string, string> = {}): string {
  return `${page}/?${new URLSearchParams({ host, ...more })}`;
}

/** The number in an attribute of an element. */
export async function number(page: Page, id: string, attribute: string): Promise<number> {
  return Number(await page.getByTestId(id).getAttribute(attribute));
}

/** Awaits that the charts show so many samples. */
export async function expectShown(page: Page, samples: number): Promise<void> {
  await expect(page.getByTestId('shown-total')).toHaveAttribute('data-value', `${samples}`);
}
