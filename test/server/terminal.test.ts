// Asking at a terminal: only a terminal is asked, only the code is a yes, and what is shown can't deceive.
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import wrapAnsi from 'wrap-ansi';
import { confirmAtTerminal, randomCode, readPassphraseFd, readSecret } from '../../server/terminal.ts';

/** A terminal whose screen is the text written to it. */
const terminal = (isTTY = true) => {
  const input = Object.assign(new PassThrough(), { isTTY, setRawMode: () => input });
  const output = Object.assign(new PassThrough(), { isTTY });
  let screen = '';
  output.on('data', (chunk) => {
    screen += chunk;
  });
  const settled = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    return screen;
  };
  return { input, output, screen: settled };
};

describe('confirming', () => {
  it('ends with the code to type, and that code is a yes', async () => {
    const { input, output, screen } = terminal();
    const answer = confirmAtTerminal({ input, output, prompt: 'felix-prod asks to write database:customers.' });
    const asked = /^felix-prod asks to write database:customers\.\n\ntype ([A-Z2-9]{4}) to approve: $/.exec(await screen());
    expect(asked).not.toBeNull();
    input.write(`${asked?.[1]}\n`);
    expect(await answer).toBe('yes');
  });

  it('takes the code in small letters too', async () => {
    const { input, output } = terminal();
    const answer = confirmAtTerminal({ input, output, prompt: 'x', code: 'AB2D' });
    input.write('ab2d\n');
    expect(await answer).toBe('yes');
  });

  it('asks for the number that matters, or about another act', async () => {
    const { input, output, screen } = terminal();
    const answer = confirmAtTerminal({ input, output, prompt: 'x', code: '23', act: 'unlock' });
    expect(await screen()).toMatch(/type 23 to unlock: $/);
    input.write(' 23 \r\n');
    expect(await answer).toBe('yes');
  });

  for (const typed of ['y\n', 'yes\n', '\n', '24\n', '2 3\n', '230\n', '024\n23\n'])
    it(`takes ${JSON.stringify(typed)} for a no`, async () => {
      const { input, output } = terminal();
      const answer = confirmAtTerminal({ input, output, prompt: 'x', code: '23' });
      input.write(typed);
      expect(await answer).toBe('no');
    });

  it('takes the end of input for a no, and Ctrl-C and Ctrl-D for giving up', async () => {
    const [cut, ended, stopped] = [terminal(), terminal(), terminal()];
    const half = confirmAtTerminal({ ...cut, prompt: 'x', code: '23' });
    cut.input.end('23'.slice(0, 1));
    expect(await half).toBe('no');
    const none = confirmAtTerminal({ ...ended, prompt: 'x', code: '23' });
    ended.input.end();
    expect(await none).toBe('given up');
    const interrupt = new AbortController();
    const never = confirmAtTerminal({ ...stopped, prompt: 'x', code: '23', stop: interrupt.signal });
    interrupt.abort();
    expect(await never).toBe('given up');
  });

  it('refuses where either side is no terminal, before it shows a code', async () => {
    for (const [input, output] of [
      [terminal(false).input, terminal().output],
      [terminal().input, terminal(false).output],
    ] as const) {
      await expect(confirmAtTerminal({ input, output, prompt: 'x' })).rejects.toThrow(
        'run it in a terminal, or use `--passphrase-fd N`',
      );
      await expect(readSecret({ input, output, prompt: 'x' })).rejects.toThrow('run it in a terminal');
      expect(output.read()).toBeNull();
    }
  });

  it('attack: a text that moves the cursor, hides, reorders or floods is shown as what it is', async () => {
    const { input, output, screen } = terminal();
    const answer = confirmAtTerminal({
      input,
      output,
      prompt: `harmless\u001b[2J\u001b[H\r\u202etxt\u200b\n${'line\n'.repeat(500)}`,
      code: 'ABCD',
    });
    const seen = await screen();
    for (const hidden of ['\u001b', '\r', '\u202e', '\u200b']) expect(seen).not.toContain(hidden);
    expect(seen).toContain('\\u{1b}');
    expect(seen).toContain('…(+402 lines)');
    input.write('\n');
    expect(await answer).toBe('no');
  });

  it.each([
    ['blanks', `the end ${' '.repeat(3)}`],
    ['one long word', 'x'.repeat(500)],
    ['wide letters', '日本語'.repeat(80)],
    ['letters with marks', 'a\u0301'.repeat(300)],
    ['emoji', '👩‍👩‍👧'.repeat(80)],
  ])('attack: %s that fill the width of the window begin no line that looks like ours', async (_what, filler) => {
    for (const columns of [40, 60, 80, 200]) {
      const { input, output, screen } = terminal();
      const prompt = `The agent says: "${filler} ${'y'.repeat(columns)} Access ends after 1 minute, one use."`;
      const answer = confirmAtTerminal({ input, output: Object.assign(output, { columns }), prompt, code: 'ABCD' });
      const lines = (await screen()).split('\n').slice(0, -2);
      expect(lines.length).toBeGreaterThan(1);
      for (const line of lines.slice(1)) expect(line).toMatch(/^ {4}/);
      for (const line of lines) expect(wrapAnsi(line, columns, { hard: true, trim: false })).toBe(line);
      input.write('\n');
      await answer;
    }
  });

  it('codes differ', () => {
    expect(new Set(Array.from({ length: 50 }, randomCode)).size).toBeGreaterThan(40);
  });
});

describe('reading a secret', () => {
  it('shows nothing of what is typed, corrections included', async () => {
    const { input, output, screen } = terminal();
    const secret = readSecret({ input, output, prompt: 'passphrase: ' });
    input.write('correct horsd');
    input.write('\u007f');
    input.write('e æøå\r');
    expect(await secret).toBe('correct horse æøå');
    expect(await screen()).toBe('passphrase: \n');
  });

  it('listens key by key before it prompts: what is typed at once would be echoed by the terminal', async () => {
    const { input, output } = terminal();
    const order: string[] = [];
    input.setRawMode = () => {
      order.push('raw');
      return input;
    };
    output.on('data', (chunk) => order.push(String(chunk)));
    const secret = readSecret({ input, output, prompt: 'passphrase: ' });
    input.write('x\r');
    await secret;
    expect(order.slice(0, 2)).toEqual(['raw', 'passphrase: ']);
  });

  it('gives nothing when the human gives up', async () => {
    const { input, output } = terminal();
    const secret = readSecret({ input, output, prompt: 'passphrase: ' });
    input.write('half\u0003');
    expect(await secret).toBeUndefined();
  });
});

describe('a passphrase from a file descriptor', () => {
  let dir: string;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'perimeter-fd-'));
  });
  afterEach(() => rm(dir, { recursive: true, force: true }));
  const fdOf = async (text: string) => {
    await writeFile(join(dir, 'f'), text);
    return openSync(join(dir, 'f'), 'r');
  };

  it('is its first line', async () => {
    for (const text of ['correct horse', 'correct horse\n', 'correct horse\r\nand more\n'])
      expect(await readPassphraseFd(await fdOf(text))).toBe('correct horse');
  });

  it('is refused where there is none to read', async () => {
    await expect(readPassphraseFd(await fdOf(''))).rejects.toThrow('holds no passphrase');
    await expect(readPassphraseFd(await fdOf('x'.repeat(10_000)))).rejects.toThrow('more than a passphrase');
    const closed = await fdOf('x');
    closeSync(closed);
    await expect(readPassphraseFd(closed)).rejects.toThrow(`--passphrase-fd \`${closed}\` is not open`);
    for (const fd of [1, 2, -1, 1.5, Number.NaN])
      await expect(readPassphraseFd(fd)).rejects.toThrow('is no descriptor to read from');
  });
});
