// perimeter demo: the sample company and its story.
import type { Command } from 'commander';

export function demoCommand(_program: Command): void {}
