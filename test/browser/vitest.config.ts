// `npm run test:browser`: the console of a real guard in a real Chromium. Says loudly when there is none.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/browser/stories/*.ts'],
    globalSetup: ['test/setup.ts', 'test/browser/setup.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // the guard is another process, and a shared machine is slow
    expect: { poll: { timeout: 30_000, interval: 100 } },
    fileParallelism: false,
    // a shared machine may stall a story once; a real fault fails twice
    retry: process.env.CI ? 1 : 0,
  },
});
