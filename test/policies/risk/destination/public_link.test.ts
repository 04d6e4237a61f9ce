// What makes something public is seen in the arguments, and only when it does more than look.
import { describe, expect, test } from 'vitest';
import { publicLink } from '../../../../policies/risk/destination/public_link.ts';
import { openedBy } from '../../../../policies/sensitivity.ts';
import { action, reading } from '../../sample.ts';
import { cases } from '../cases.ts';

cases(publicLink, { yes: { shared: { reading: { opened: 'visibility' } } }, no: { not: {} } });

describe('what makes something public', () => {
  const opened = (args: Record<string, unknown>, verb = 'share:files:a') => openedBy(reading([action(verb)], { args }));
  test.each([
    [{ type: 'anyone', role: 'reader' }, 'type'],
    [{ visibility: 'public' }, 'visibility'],
    [{ permission: { scope: 'anyoneWithLink' } }, 'scope'],
    [{ isPublic: true }, 'isPublic'],
    [{ private: false }, 'private'],
    [{ access: 'public-read' }, 'access'],
    [{ title: 'public', text: 'everyone' }, undefined],
    [{ isPublic: false, private: true }, undefined],
    [{ visibility: 'internal' }, undefined],
  ])('%j', (args, by) => expect(opened(args)).toBe(by));
  test('but not when it only looks', () => expect(opened({ visibility: 'public' }, 'list:files')).toBeUndefined());
});
