// What goes outside raises; what stays inside, and a look, do not.
import { foreignDestination } from '../../../../policies/risk/destination/foreign_destination.ts';
import { action } from '../../sample.ts';
import { cases, web } from '../cases.ts';

cases(foreignDestination, {
  yes: {
    'a mail': { actions: [action('send:email')], reading: { facts: { destination: 'external' } } },
    'a request': web('read', 'x.example'),
  },
  no: {
    inside: { actions: [action('send:email')], reading: { facts: { destination: 'internal' } } },
    'a look': { reading: { facts: { destination: 'external' } } },
  },
});
