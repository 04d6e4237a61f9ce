// What people type to ask the audit: keys and values, quotes, words, and what is mistyped.
import { describe, expect, it } from 'vitest';
import { readQuestion } from '../../../server/audit/filter.ts';
import { BadQuestion } from '../../../server/audit/when.ts';

describe('a question to the audit', () => {
  it.each<[string[], Record<string, unknown>]>([
    [['who:john', 'decision:deny'], { who: 'john', decision: 'deny' }],
    [['when:last Tuesday afternoon'], { when: 'last Tuesday afternoon' }],
    [['who:john when:"last Tuesday" risk:high'], { who: 'john', when: 'last Tuesday', risk: 'high' }],
    [['who:john when:last Tuesday risk:high'], { who: 'john', when: 'last Tuesday', risk: 'high' }],
    [['verb:write', 'domain:database'], { action: 'write:database' }],
    [['domain:email'], { action: '*:email' }],
    [['verb:delete'], { action: 'delete' }],
    [['action:write:database:customers'], { action: 'write:database:customers' }],
    [['grant:grant_1', 'request_id:req_1'], { grant_id: 'grant_1', request_id: 'req_1' }],
    [['customers', 'dormant'], { text: 'customers dormant' }],
    [['"dormant customers"', 'who:john'], { text: 'dormant customers', who: 'john' }],
    [['text:"who:john said"'], { text: 'who:john said' }],
    [['https://example.com/x'], { text: 'https://example.com/x' }],
    [['resource:"marketing/a plan.md"'], { resource: 'marketing/a plan.md' }],
    [['since:2026-11-17 14:00'], { since: '2026-11-17 14:00' }],
  ])('%j', (words, filter) => {
    expect(readQuestion(words)).toEqual(filter);
  });

  it.each<[string[], string]>([
    [['rsk:high'], 'did you mean `risk:`'],
    [['risk:huge'], 'say one of low, medium, high, critical'],
    [['who:'], 'has no value'],
    [['who:john', 'who:ann'], 'stands twice'],
    [['verb:write', 'action:read'], 'leave one of them off'],
  ])('%j is told to be wrong', (words, why) => {
    expect(() => readQuestion(words)).toThrow(BadQuestion);
    expect(() => readQuestion(words)).toThrow(why);
  });
});
