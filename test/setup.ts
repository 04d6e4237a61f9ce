// Builds dist/ once before the tests, because the end-to-end tests start the real program.
import { execFileSync } from 'node:child_process';

export function setup(): void {
  if (process.env.PERIMETER_TEST_NO_BUILD) return;
  execFileSync('npx', ['tsc', '-p', 'tsconfig.build.json'], { stdio: 'inherit' });
}
