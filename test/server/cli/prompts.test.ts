// What a person meets in a real terminal who answers a request there: how it reads in a narrow window, and what every way of not answering does.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Serving, type Site, site } from '../../attacks/process.ts';

const PERSON_MS = 60_000;
const CODE = /type (\w+) to approve: $/;
const [INTERRUPT, END] = ['\u0003', '\u0004'];
/** Fills the width of the window, so that what follows would begin a line. */
const TRICK = `${'x'.repeat(40)} ${'y'.repeat(59)} Access ends after 1 minute, one use.`;

let place: Site;
let serving: Serving;
beforeAll(async () => {
  place = site({ files: { command: 'perimeter', args: ['tool', 'files', '--root', '.'] } });
  serving = await place.serve();
}, PERSON_MS);
afterAll(async () => {
  await serving.leave();
  place.remove();
});

type Waiting = { request_id: string };
const waiting = async () => JSON.parse((await place.perimeter(['pending', '--json'])).stdout) as Waiting[];
/** Asks for a call, and resolves once it waits for a person. */
async function asked(path: string): Promise<string> {
  void serving.call('request_elevation', { justification: TRICK, calls: [{ tool: 'write', arguments: { path, content: 'x' } }] });
  for (;;) {
    const [first] = await waiting();
    if (first) return first.request_id;
  }
}
const linesOf = (screen: string) => screen.replaceAll('\r', '').split('\n');

describe('with nothing to answer', () => {
  it.each([[['pending']], [['approve']], [['deny']]])(
    '%j says so',
    async (args) => {
      const { stdout } = await place.terminal(args, () => undefined);
      expect(stdout).toContain('nothing waits for you');
      expect(stdout).not.toContain('at Command');
    },
    PERSON_MS,
  );

  it(
    'an id that is none is named, with the command that lists them',
    async () => {
      const { stdout, status } = await place.terminal(['approve', 'req_nope'], () => undefined);
      expect(stdout).toContain('no request `req_nope`; `perimeter pending` lists those that wait');
      expect(status).toBe(1);
    },
    PERSON_MS,
  );
});

describe('a request that waits', () => {
  let id = '';
  beforeAll(async () => {
    id = await asked('a.md');
  }, PERSON_MS);

  it.each([['pending'], ['approve']])(
    'is read in a narrow window: what `%s` shows fits, and nothing the agent wrote begins a line',
    async (verb) => {
      const given = verb === 'approve' ? [verb, id] : [verb];
      const { stdout } = await place.terminal(given, (screen) => (CODE.test(screen) ? INTERRUPT : undefined), 60);
      const lines = linesOf(stdout);
      expect(lines.filter((line) => line.length > 60)).toEqual([]);
      expect(lines.filter((line) => /^ {0,2}Access ends/.test(line))).toHaveLength(1);
      expect(stdout).toContain('one use.');
      expect(stdout).not.toContain('\u001b[');
    },
    PERSON_MS,
  );

  it(
    'without an id is not answered: the command with it is shown',
    async () => {
      for (const verb of ['approve', 'deny']) {
        const { stdout, status } = await place.terminal([verb], () => undefined);
        expect(stdout).toContain(`perimeter ${verb} ${id}`);
        expect(status).toBe(2);
      }
      expect(await waiting()).toHaveLength(1);
    },
    PERSON_MS,
  );

  it.each([
    ['a word of another language', 'ja', 'that is not the code'],
    ['nothing', '', 'that is not the code'],
    ['Ctrl-C', INTERRUPT, 'given up'],
    ['Ctrl-D', END, 'given up'],
  ])(
    'stays as it is when %s is typed, and how to say no is shown',
    async (_what, typed, said) => {
      const { stdout, status } = await place.terminal(['approve', id], (screen) => (CODE.test(screen) ? typed : undefined));
      expect(stdout).toContain(`${said}: nothing was changed`);
      expect(stdout).toContain(`to say no: perimeter deny ${id}`);
      expect(status).toBe(1);
    },
    PERSON_MS,
  );

  it.each(['0', 'ten'])(
    'takes no `--minutes %s`, and says why in one line',
    async (minutes) => {
      const { stderr, status } = await place.perimeter(['approve', id, `--minutes=${minutes}`]);
      expect(stderr).toContain('whole number above 0');
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(status).toBe(2);
    },
    PERSON_MS,
  );

  it(
    'takes the code in small letters, says what was given, and says who ended it when it is answered again',
    async () => {
      const { stdout, status } = await place.terminal(['approve', id], (screen) => CODE.exec(screen)?.[1]?.toLowerCase());
      expect(stdout).toMatch(/approved\s+grant_/);
      expect(status).toBe(0);
      const again = await place.terminal(['approve', id], () => undefined);
      expect(again.stdout).toContain(`nothing to answer: ${id} is approved already`);
      const no = await place.terminal(['deny', id], () => undefined);
      expect(no.stdout).toContain(`nothing changed: ${id} was already approved`);
    },
    PERSON_MS,
  );
});

it(
  'the request ends while the person still reads: the code then gives nothing, and the reason is told',
  async () => {
    const id = await asked('b.md');
    const { stdout, status } = await place.terminal(['approve', id], async (screen) => {
      const code = CODE.exec(screen)?.[1];
      if (code !== undefined) await place.perimeter(['deny', id, '--reason', 'not on Fridays']);
      return code;
    });
    expect(stdout).toContain('not approved: the request is denied (not on Fridays)');
    expect(status).toBe(1);
  },
  PERSON_MS,
);

describe('setting the passphrase', () => {
  const sets = (...typed: string[]) =>
    place.terminal(['passphrase', 'set'], (screen) => (/: $/.test(screen) ? typed.shift() : undefined));

  it.each([
    [
      'too short a one is refused before it is asked for again',
      ['abc'],
      'at least 8 characters: take a few words; nothing was changed',
    ],
    ['two that differ set nothing', ['correct horse', 'correct hors'], 'the two differ: nothing was changed'],
    ['Ctrl-C sets nothing', [INTERRUPT], 'given up: nothing was changed'],
  ])(
    '%s',
    async (_what, typed, said) => {
      const { stdout, status } = await sets(...typed);
      expect(stdout).toContain(said);
      expect(stdout).not.toContain('horse');
      expect(status).toBe(1);
    },
    PERSON_MS,
  );
});
