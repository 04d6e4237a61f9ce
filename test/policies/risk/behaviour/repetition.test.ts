// Calls that differ in a number alone are a run; other names are none.
import { repetition } from '../../../../policies/risk/behaviour/repetition.ts';
import { action } from '../../sample.ts';
import { cases, MINUTE, many, past } from '../cases.ts';

cases(repetition, {
  yes: {
    'numbered files': {
      history: many(24, (index) => past({ ago: MINUTE, actions: [action(`read:files:a/page-${index}`)] })),
      actions: [action('read:files:a/page-99')],
    },
  },
  no: {
    'other names': {
      history: many(40, (index) => past({ ago: MINUTE, actions: [action(`read:files:a/${'abcdefghij'[index % 10]}`)] })),
    },
    'long ago': { history: many(40, () => past({ ago: 11 * MINUTE })) },
  },
});
