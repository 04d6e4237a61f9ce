// Reading much raises once something leaves, and for an hour.
import { readMuch } from '../../../../policies/risk/behaviour/read_much.ts';
import { action } from '../../sample.ts';
import { cases, MINUTE, many, outside, past } from '../cases.ts';

cases(readMuch, {
  yes: {
    'many things': {
      ...outside,
      history: many(101, (index) => past({ ago: 30 * MINUTE, actions: [action(`read:files:a/${index}`)] })),
    },
    'much text': { ...outside, history: [past({ ago: MINUTE, size: 1_000_001 })] },
  },
  no: {
    'and it stays': { history: [past({ size: 2_000_000 })] },
    little: { ...outside, history: [past({ size: 50_000 })] },
    yesterday: { ...outside, history: [past({ ago: 90 * MINUTE, size: 2_000_000 })] },
  },
});
