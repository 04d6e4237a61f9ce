// A tool is new until it was used, and a refusal is no use.
import { firstUse } from '../../../../policies/risk/behaviour/first_use.ts';
import { cases, MINUTE, past } from '../cases.ts';

cases(firstUse, {
  yes: {
    'another tool was used': { history: [past({ tool: 'list' })] },
    'it was only refused before': { history: [past({ tool: 'list' }), past({ refused: true })] },
  },
  no: { 'nothing is known': {}, 'it was used': { history: [past({ ago: 60 * MINUTE })] } },
});
