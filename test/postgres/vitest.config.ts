// `npm run test:postgres`: the bundled database and other people's servers on a real PostgreSQL. Says loudly when there is none.
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/postgres/stories/*.ts'],
    globalSetup: ['test/setup.ts', 'test/postgres/setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 180_000,
    fileParallelism: false,
  },
});
