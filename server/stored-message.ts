// What is kept of a message to a human: who asked for what, and why they were asked. What the calls and the rows hold is shown, and never stored.
import { maskProse } from './audit/mask.ts';

/** The message with the arguments and examples taken out, and secrets and personal data masked in the rest. */
export function storedMessage(message: string): string {
  const lines = message.split('\n').flatMap((line) => {
    if (line.startsWith('For example: ')) return [];
    const [, tool] = /^Call: (\S+)/.exec(line) ?? [];
    return [tool === undefined ? line : `Call: ${tool} (its arguments were shown, and are not kept).`];
  });
  return maskProse(lines.join('\n'));
}
