// `npm run test:clients [-- NAME…]`: real clients, one story file each. Without a name, the open-source ones that cover both ways.
import { defineConfig } from 'vitest/config';

const ALL = ['codex', 'opencode', 'claude-code', 'copilot', 'gemini', 'inspector'];
const BY_DEFAULT = ['codex', 'opencode'];
const named = ALL.filter((name) => process.argv.includes(name));

export default defineConfig({
  test: {
    include: (named.length > 0 ? named : BY_DEFAULT).map((name) => `test/clients/stories/${name}.ts`),
    globalSetup: ['test/setup.ts'],
    testTimeout: 180_000,
    hookTimeout: 300_000,
    // one client at a time, one story at a time: they are big programs
    fileParallelism: false,
    reporters: ['verbose'],
  },
});
