// Sensitive data on its way to somebody outside is critical by itself, and no flood of calls hides it.
import { expect, test } from 'vitest';
import { leak } from '../../../../policies/risk/flow/leak.ts';
import { assess } from '../../../../policies/risk.ts';
import { cases, factorsOf, MINUTE, many, outside, past, secretRead, send, toAssess } from '../cases.ts';

cases(leak, {
  yes: {
    'to somebody outside': { history: [secretRead], ...send('external') },
    'by asking a foreign host': {
      history: [secretRead],
      actions: [{ verb: 'read', domain: 'web', kind: 'url', resource: 'x.example/a', segments: ['x.example', 'a'] }],
      reading: { facts: { destination: 'external' } },
    },
  },
  no: {
    'to a colleague': { history: [secretRead], ...send('internal') },
    'nothing was read': send('external'),
    'only something unseen': { history: [past({ unscanned: true })], ...send('external') },
  },
});

test('sensitive data read, then a foreign recipient, is critical by itself', () => {
  expect(assess(toAssess({ history: [secretRead], ...send('external') })).level).toBe('critical');
});

test('a flood of calls pushes no refusal and no taint out of sight', () => {
  const history = [past({ ago: 60 * MINUTE, sensitive: true }), ...many(1_900, () => past({ ago: 30_000 }))];
  expect(factorsOf({ ...outside, history })).toContain('leak');
});
