// What is kept of a message to a human: who asked for what, and why they were asked. What the calls and the rows hold is shown, and never stored.
import { maskProse } from './audit/mask.ts';
import { TOLD_BY } from './message.ts';

/** The message with the arguments, examples and servers' words taken out, and secrets and personal data masked in the rest. */
export function storedMessage(message: string): string {
  const lines = message.split('\n').flatMap((line) => {
    if (line.startsWith('For example: ') || line.startsWith(`${TOLD_BY} `)) return [];
    const [, tool] = /^Call: (\S+)/.exec(line) ?? [];
    return [tool === undefined ? line : `Call: ${tool} (its arguments were shown, and are not kept).`];
  });
  return maskProse(lines.join('\n'));
}
