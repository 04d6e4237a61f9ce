// A key in the arguments raises; arguments without one do not.
import { credentials } from '../../../../policies/risk/data/credentials.ts';
import { carrying, cases } from '../cases.ts';

cases(credentials, { yes: { 'a key': carrying('credentials.aws_key') }, no: { nothing: carrying() } });
