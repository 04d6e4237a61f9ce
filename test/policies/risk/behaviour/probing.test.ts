// Denials on different things are probing, also behind a flood of harmless calls.
import { probing } from '../../../../policies/risk/behaviour/probing.ts';
import { cases, many, past, refused } from '../cases.ts';

cases(probing, {
  yes: {
    'three places': { history: [refused('a'), refused('b'), refused('c')] },
    'behind a flood of harmless calls': {
      history: [refused('a'), refused('b'), refused('c'), ...many(300, () => past({ ago: 1_000 }))],
    },
  },
  no: {
    'the same place': { history: many(5, () => refused('a')) },
    'asks, not denials': { history: [refused('a', false), refused('b', false), refused('c', false)] },
  },
});
