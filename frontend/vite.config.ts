import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// `make demo` serves the stream here; `npm run dev` borrows it.
const socketService = process.env.PULSO_SOCKET_URL ?? 'http://127.0.0.1:4000';

export default defineConfig(({ isSsrBuild }) => ({
  plugins: [react()],
  build: {
    // The server's policy allows scripts, styles and fonts as files of our own only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    copyPublicDir: !isSsrBuild,
  },
  // The report's program (src/report) is one file, which needs Node alone.
  ssr: { noExternal: true },
  ...(isSsrBuild && { define: { 'process.env.NODE_ENV': '"production"' } }),
  server: {
    proxy: {
      '/socket.io': { target: socketService, ws: true },
      '/export.csv': socketService,
      '/runs': socketService,
      '/config.json': 'http://127.0.0.1:8000',
    },
  },
  test: {
    environment: 'node',
    include: ['src/**/*.test.{ts,tsx}'],
    css: { include: /\?inline/ }, // a report has its styles within
  },
}));
