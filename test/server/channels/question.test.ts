// The question as clients draw it: what each yes gives stands in its title, since some fold the end of the message away.
import { describe, expect, test } from 'vitest';
import { questionOf } from '../../../server/channels/form.ts';
import { terms } from '../../../server/narrowing.ts';
import type { RequestRecord } from '../../../server/ports.ts';
import { formParams } from '../../../server/wire/elicitation.ts';

const REQUEST: RequestRecord = {
  request_id: 'req_1',
  user: 'john',
  agent: 'felix',
  session_id: 's1',
  state: 'pending',
  digest: 'd',
  scope: ['write:database:customers'],
  rules: ['customer-writes'],
  risk: 'low',
  exact: ['sha256:a'],
  exact_only: false,
  budget: { uses: 2, records: 23 },
  minutes: 30,
  proof: 'none',
  impact: { measured: 23, unit: 'records', per_resource: {}, claimed: null, strength: 'enforced' },
  message: 'felix asks to write database:customers.',
  created_at: '2026-11-24T10:00:00.000Z',
  expires_at: '2026-11-24T10:15:00.000Z',
  policy_digest: 'p',
  definition_digest: 't',
};

function titles(change: Partial<RequestRecord>): unknown {
  const { properties } = formParams(questionOf({ ...REQUEST, ...change })).requestedSchema as {
    properties: { decision: { enumNames: string[] } };
  };
  return properties.decision.enumNames;
}

describe('the titles of a form', () => {
  test('say the time and the uses', () => {
    expect(titles({})).toEqual(['Deny', 'Approve once: exactly this call', 'Approve for 30 minutes, 2 uses']);
  });

  test('count the calls, so that one folded away is missed', () => {
    const exact = ['sha256:a', 'sha256:b', 'sha256:c'];
    const once = 'Approve once: exactly these 3 calls';
    expect(titles({ exact, exact_only: true })).toEqual(['Deny', once, 'Approve for 30 minutes, exactly these 3 calls']);
  });

  test('of a scope without planned calls say that once is one use, and that is what it gives', () => {
    expect(titles({ exact: [] })).toContain('Approve once: one use');
    expect(terms({ ...REQUEST, exact: [] }, [{ once: true }]).budget.uses).toBe(1);
    expect(terms({ ...REQUEST, exact: [] }, [{}]).budget.uses).toBe(2);
  });
});
