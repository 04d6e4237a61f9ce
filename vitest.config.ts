// How the tests run: `npm test` is everything that needs only registry packages; test/setup builds dist/ once for the end-to-end tests.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
    // a machine that is shared may stall a story about time or killed processes once; a real fault fails twice
    retry: process.env.CI ? 1 : 0,
  },
});
