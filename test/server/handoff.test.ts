// From a plan to a question: what is derived, measured and shown, what the proof takes, and what the agent is told to pass on.
import { afterEach, describe, expect, it } from 'vitest';
import { type World, type WorldOptions, world } from '../world.ts';

const RULES = `
  - { id: writing, why: somebody looks first, effect: ask, scope: write:files, limits: { uses: 5, for: 30m, at_most: 1h } }
  - { id: secret, why: only with the passphrase, effect: ask, scope: "*:files:secret/**", proof: passphrase }
  - { id: both, why: two people look, effect: ask, scope: "*:files:shared/**", approvals: 2 }
  - { id: hr, why: closed, effect: deny, scope: "*:files:hr/**" }
risk:
  points: { destructive: 60 }
  responses: { high: ask+typed }`;
const BINDING =
  'server: files\nroot: ./files\ntools:\n  write: { does: write:files, resource: { path: path }, facts: { body: content } }\n  delete: { does: delete:files, resource: { path: path } }\n';
const settings = {
  channels: {
    webhook: {
      url: 'http://127.0.0.1:9/x',
      secret: 'a secret of the hook, long enough',
      answers: { ann: 'a secret of ann that is long enough' },
    },
  },
};

let open: World | undefined;
afterEach(() => open?.close());
const guarded = async (more: WorldOptions = {}) => {
  open = await world({
    rules: RULES,
    bindings: BINDING,
    servers: { files: { write: {}, delete: { annotations: { destructiveHint: true } } } },
    wait_ms: 20,
    ...more,
  });
  return open;
};
const write = (path: string) => ({ tool: 'write', arguments: { path, content: 'x' } });
const stored = (given: World, answer: Record<string, unknown>) => given.perimeter.elevations.get(String(answer.request_id));

describe('several planned calls', () => {
  it('are put as one question with the strictest terms of all', async () => {
    const given = await guarded({ settings });
    const request = stored(given, await given.ask({ calls: [write('a.md'), write('secret/b.md'), write('shared/c.md')] }));
    expect(request).toMatchObject({
      proof: 'passphrase',
      approvals: 2,
      rules: expect.arrayContaining(['writing', 'secret', 'both']),
    });
    expect(request?.message).toContain('2 different people must say yes');
  });

  it('with one explicit deny among them end there, and nobody is asked', async () => {
    const given = await guarded();
    expect(await given.ask({ calls: [write('a.md'), write('hr/pay.csv')] })).toMatchObject({ status: 'denied', rule: 'hr' });
    expect(given.perimeter.elevations.pending()).toEqual([]);
  });
});

describe('what is shown', () => {
  it('has one digest for one question, and another as soon as anything a yes would give differs', async () => {
    const given = await guarded();
    const shown = new Set<string | undefined>();
    const inputs = [
      { calls: [write('a.md')] },
      { calls: [write('b.md')] },
      { calls: [write('a.md')], minutes: 5 },
      { calls: [write('a.md')], uses: 2 },
      { scope: 'write:files:a.md' },
      { scope: 'write:files:a.md', justification: 'another reason' },
    ];
    for (const input of inputs) {
      const answer = await given.ask(input);
      shown.add(stored(given, answer)?.shown);
      await given.ask({ request_id: answer.request_id, cancel: true });
    }
    expect(shown.size).toBe(inputs.length);
    expect(shown).not.toContain(undefined);
  });
});

describe('the proof', () => {
  it('is asked for by risk too, and then nobody without a terminal can give it', async () => {
    const given = await guarded({ human: () => ({ action: 'accept', content: { decision: 'approve' }, after: 4_000 }) });
    const answer = await given.ask({ calls: [{ tool: 'delete', arguments: { path: 'a.md' } }] });
    expect(answer).toMatchObject({ status: 'pending', next: expect.stringContaining('perimeter approve') });
    expect(stored(given, answer)?.proof).toBe('typed');
    expect(given.questions).toEqual([]);
  });

  it('`typed` is the number that matters, where there is one', async () => {
    const given = await guarded();
    const answer = await given.ask({ calls: [{ tool: 'delete', arguments: { path: 'a.md' } }] });
    const measured = stored(given, answer)?.impact.measured;
    const id = answer.request_id;
    if (measured !== null) {
      await expect(given.command('approve', { id, typed: true })).rejects.toThrow(/the number that matters/);
      await expect(given.command('approve', { id, typed: true, number: Number(measured) + 1 })).rejects.toThrow(
        /the number that matters/,
      );
    }
    await expect(given.command('approve', { id })).rejects.toThrow(/terminal/);
    expect(await given.command('approve', { id, typed: true, number: measured })).toMatchObject({ state: 'approved' });
  });

  it('that takes a passphrase says exactly what to run, whether one is set or not', async () => {
    const given = await guarded();
    const { next } = await given.ask({ calls: [write('secret/a.md')] });
    expect(next).toContain(`first run \`perimeter passphrase set --config ${given.folder}/mcp.json\``);
    expect(next).toMatch(/then run `perimeter approve req_\S+ --config \S+mcp\.json` in a terminal/);
  });
});
