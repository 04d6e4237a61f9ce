// A text as a terminal of some width shows it: what a line goes on with is set in, so that nothing in it can be taken for a line of its own.
import wrapAnsi from 'wrap-ansi';

/** Where nothing is known of the width, and the narrowest that is worth wrapping for. */
const USUAL = 80;
const NARROWEST = 20;
const SET_IN = 4;

/** `columns` of the terminal; undefined where nobody looks: the lines stay as they are. `indent`: blanks before every line. */
export function wrapped(text: string, columns: number | undefined, indent = 0): string {
  const before = ' '.repeat(indent);
  const lines = text.split('\n');
  if (columns === undefined) return lines.map((line) => before + line).join('\n');
  const width = Math.max(NARROWEST, columns || USUAL) - indent - SET_IN;
  return lines
    .map((line) => before + wrapAnsi(line, width, { hard: true }).replaceAll('\n', `\n${before}${' '.repeat(SET_IN)}`))
    .join('\n');
}

/** How wide a stream's terminal is; undefined where it is none. */
export function widthOf(stream: { isTTY?: boolean; columns?: number }): number | undefined {
  return stream.isTTY ? (stream.columns ?? USUAL) : undefined;
}
