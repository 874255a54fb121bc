import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

// Vitest 5 prints failures by means of Map.groupBy, which Node 20 lacks: a failing test would end in a TypeError.
if (!('groupBy' in Map)) {
  Object.assign(Map, {
    groupBy<K, T>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
      const groups = new Map<K, T[]>();
      for (const item of items) {
        const key = keyOf(item);
        const group = groups.get(key);
        if (group) group.push(item);
        else groups.set(key, [item]);
      }
      return groups;
    },
  });
}

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
