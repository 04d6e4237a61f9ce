// Many items count in one call and over many small ones, and only lately.
import { bulk } from '../../../../policies/risk/behaviour/bulk.ts';
import { action } from '../../sample.ts';
import { cases, MINUTE, many, past, refused } from '../cases.ts';

cases(bulk, {
  yes: {
    'many in one call': { reading: { facts: { recipients: 21 } } },
    'many actions': { actions: Array.from({ length: 21 }, (_, index) => action(`read:files:f${index}`)) },
    'many small calls': { history: many(20, (index) => past({ ago: 9 * MINUTE - index * 1_000 })) },
    'a policy that says when': { reading: { facts: { records: 6 } }, policy: { bulk_over: 5 } },
  },
  no: {
    twenty: { reading: { facts: { items: 20 } } },
    'the nineteenth before': { history: many(19, () => past({ ago: MINUTE })) },
    'long ago': { history: many(40, () => past({ ago: 11 * MINUTE })) },
    'refused ones': { history: many(40, () => refused('a')) },
  },
});
