// How the demo speaks: numbered steps, what was tried, what the guard answered, and the form as the human sees it.

import type { Effect } from '../../policies/types.ts';
import { visible } from '../../policies/values/text.ts';
import { paint, print } from '../cli/output.ts';
import type { Form } from './human.ts';

/** What the guard's own record says of a call. */
export type Verdict = {
  decision: Effect;
  rule: string;
  why: string;
  where?: string;
  failed: readonly string[];
  risk: string;
  factors: readonly string[];
};

export type Narrator = {
  title(text: string, below: readonly string[]): void;
  step(text: string): void;
  /** The agent tries a call. */
  tries(tool: string, args: Record<string, unknown>): void;
  verdict(verdict: Verdict): void;
  /** What came back, or what was found on disk. */
  shows(text: string): void;
  note(text: string): void;
  check(ok: boolean, expected: string, got?: string): void;
  form(form: Form): void;
  /** An empty line; ends one that was begun. */
  gap(): void;
  /** The text before the cursor, for a question at the terminal. */
  prompt(text: string): string;
  end(ok: boolean, text: string, below: readonly string[]): void;
};

const INDENT = '    ';
const MAX_WIDTH = 100;
const MIN_WIDTH = 40;
const MAX_SHOWN = 600;

const WORDS: Record<Effect, string> = { allow: 'allowed', ask: 'needs a human', deny: 'refused' };
const MARKS: Record<Effect, string> = { allow: '✔', ask: '?', deny: '✖' };

/** Speaks to stdout, `columns` wide. */
export function createNarrator(columns: number | undefined): Narrator {
  const width = Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, columns ?? MAX_WIDTH)) - 1;
  const colours: Record<Effect, (text: string) => string> = { allow: paint.green, ask: paint.yellow, deny: paint.red };
  let number = 0;

  /** Writes a text under a step: a painted head, then the rest, broken at words and indented. */
  function put(head: string, text: string, colour: (line: string) => string = (line) => line): void {
    const lines = wrapped(visible(text, MAX_SHOWN), width - INDENT.length - head.length);
    for (const [index, line] of lines.entries()) print(INDENT + colour((index === 0 ? head : ' '.repeat(head.length)) + line));
  }

  return {
    title(text, below) {
      print('');
      print(paint.bold(text));
      for (const one of below) for (const line of wrapped(one, width)) print(paint.dim(line));
    },
    step(text) {
      number += 1;
      print('');
      print(`${paint.cyan(String(number).padStart(2))}  ${paint.bold(text)}`);
    },
    tries(tool, args) {
      const words = Object.entries(args).map(
        ([name, value]) => `${name}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
      );
      put('agent  ', [tool, ...words].join('  '), paint.dim);
    },
    verdict({ decision, rule, why, where, failed, risk, factors }) {
      const colour = colours[decision];
      const points = risk === 'low' || rule === 'risk' || factors.length === 0 ? '' : ` (${factors.join(', ')})`;
      put(`${MARKS[decision]} `, `${WORDS[decision]}, risk ${risk}${points}`, colour);
      const place = decision === 'allow' || where === undefined ? '' : `, ${where}`;
      put('  ', `rule \`${rule}\`${place}: ${why}`, decision === 'allow' ? paint.dim : colour);
      if (failed.length > 0) put('  ', `what did not hold: ${failed.join(', ')}`, colour);
    },
    shows: (text) => put('→ ', text),
    note: (text) => put('', text, paint.italic),
    check(ok, expected, got) {
      if (ok) put('· checked: ', expected, paint.dim);
      else put('✖ ', `expected: ${expected}${got === undefined ? '' : `; got: ${got}`}`, paint.red.bold);
    },
    form({ message, options }) {
      const inner = width - INDENT.length - 4;
      const lines = message.split('\n').flatMap((line) => wrapped(visible(line, 2_000), inner));
      const rows = [...lines, '', ...options.map(({ title }, index) => `  ${index + 1}  ${title}`)];
      const heading = ' The guard asks John ';
      print('');
      print(INDENT + paint.yellow(`╭─${heading}${'─'.repeat(inner + 1 - heading.length)}╮`));
      for (const row of rows)
        print(`${INDENT}${paint.yellow('│')} ${row}${' '.repeat(Math.max(0, inner - [...row].length))} ${paint.yellow('│')}`);
      print(INDENT + paint.yellow(`╰${'─'.repeat(inner + 2)}╯`));
    },
    gap: () => print(''),
    prompt: (text) => INDENT + paint.bold(text),
    end(ok, text, below) {
      print('');
      print(ok ? paint.green.bold(text) : paint.red.bold(text));
      for (const one of below) print(one);
    },
  };
}

/** Breaks a text at spaces, and a longer word at the width. */
function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const joined = line === '' ? word : `${line} ${word}`;
    if ([...joined].length <= width) line = joined;
    else {
      if (line !== '') lines.push(line);
      line = word;
    }
    for (let characters = [...line]; characters.length > width; characters = [...line]) {
      lines.push(characters.slice(0, width).join(''));
      line = characters.slice(width).join('');
    }
  }
  return [...lines, line];
}
