import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  plugins: [react()],
  build: {
    // The server's policy allows scripts, styles and fonts as files of our own only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    // `make demo` serves the stream here; `npm run dev` borrows it.
    proxy: { '/socket.io': { target: process.env.PULSO_SOCKET_URL ?? 'http://127.0.0.1:4000', ws: true } },
  },
  test: {
    environment: 'node',
    include: ['src/**/*.test.{ts,tsx}'],
  },
});
