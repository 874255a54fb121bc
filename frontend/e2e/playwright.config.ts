import { defineConfig } from '@playwright/test';

export default defineConfig({
  testDir: '.',
  outputDir: '../test-results',
  forbidOnly: Boolean(process.env.CI),
  timeout: 90_000,
  expect: { timeout: 10_000 },
  workers: 1, // one system under test
  reporter: 'list',
  use: {
    baseURL: process.env.PULSO_URL ?? 'http://127.0.0.1:8000',
    browserName: 'chromium',
    headless: true,
    locale: 'es-ES',
    viewport: { width: 1_440, height: 1_000 },
    launchOptions: {
      // The distribution's own browser: nothing is downloaded.
      executablePath: process.env.PULSO_CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    },
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
  },
});
