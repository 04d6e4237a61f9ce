// Night is what the clocks of the zone say, and what the policy says night is.
import { night } from '../../../../policies/risk/time/night.ts';
import { at, cases } from '../cases.ts';

cases(night, {
  yes: {
    'at three in the morning': at('2026-11-24T03:00:00Z'),
    'just before midnight': at('2026-11-23T23:59:00Z'),
    'at three over there': at('2026-11-23T08:00:00Z', { zone: 'America/New_York' }),
  },
  no: {
    'at ten in the evening': at('2026-11-23T22:00:00Z'),
    'at six': at('2026-11-23T06:00:00Z'),
    'where the policy says when night is': at('2026-11-24T03:00:00Z', { night: '04:00-05:00' }),
  },
});
