// `npm run test:engines`: other people's SQLite and MySQL servers, installed and started by the tests. Says loudly what it could not start.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/engines/stories/*.ts'],
    globalSetup: ['test/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 400_000,
    fileParallelism: false,
  },
});
