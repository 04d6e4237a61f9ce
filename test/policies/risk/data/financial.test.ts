// Payment and bank data in the arguments raise; personal data is not taken for them.
import { financial } from '../../../../policies/risk/data/financial.ts';
import { carrying, cases } from '../cases.ts';

cases(financial, { yes: { 'a card': carrying('financial.card') }, no: { nothing: {}, 'a person': carrying('pii.email') } });
