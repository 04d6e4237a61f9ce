// The tokens of a JSON text. Total: any text gives tokens; whether they make sense is the parser's business.

/** `text` is a whole string, decoded; `literal` a number, true, false, null, or what stands where one should. */
export type Token = { kind: '{' | '}' | '[' | ']' | ',' | ':'; value?: undefined } | { kind: 'text' | 'literal'; value: string };

const PUNCTUATION = ['{', '}', '[', ']', ',', ':'] as const;
const MARKS = new Map<string, Token>(PUNCTUATION.map((kind) => [kind, { kind }]));
/** What ends a literal: punctuation, a quote, or white space (RFC 8259, section 2). */
const LITERAL = /[^{}[\],:" \t\n\r]+/y;

/** Yields the tokens in order; a string without its closing quote ends them. */
export function* tokenize(text: string): Generator<Token> {
  let at = 0;
  while (at < text.length) {
    const character = text.charAt(at);
    const mark = MARKS.get(character);
    if (mark) {
      yield mark;
      at += 1;
    } else if (character === '"') {
      const end = closingQuote(text, at);
      if (end < 0) return;
      yield { kind: 'text', value: decoded(text.slice(at, end + 1)) };
      at = end + 1;
    } else {
      LITERAL.lastIndex = at;
      const literal = LITERAL.exec(text)?.[0];
      if (literal !== undefined) yield { kind: 'literal', value: literal };
      at += literal?.length ?? 1;
    }
  }
}

/** The quote that ends the string starting at `start`, or -1. A quote after an odd number of backslashes is part of the string. */
function closingQuote(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text.charAt(end - 1 - backslashes) === '\\') backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return -1;
}

function decoded(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  try {
    return String(JSON.parse(literal));
  } catch {
    return literal.slice(1, -1);
  }
}
