// Payment or bank data goes along: cards, accounts, wallets, found in the arguments.
import { carries, type Factor } from '../factor.ts';

export const financial: Factor = {
  name: 'financial',
  what: 'payment or bank data in the arguments',
  applies: ({ reading }) => carries(reading, 'financial'),
};
