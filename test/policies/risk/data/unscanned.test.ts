// A text that could not be looked through raises; one that was looked through does not.
import { unscanned } from '../../../../policies/risk/data/unscanned.ts';
import { carrying, cases } from '../cases.ts';

cases(unscanned, { yes: { 'too long': carrying('unscanned') }, no: { 'all looked through': carrying('pii.email') } });
