// Health data in the arguments raises; a class whose name only begins alike does not.
import { health } from '../../../../policies/risk/data/health.ts';
import { carrying, cases } from '../cases.ts';

cases(health, { yes: { 'a diagnosis': carrying('health.diagnosis') }, no: { 'a name that begins alike': carrying('healthy') } });
