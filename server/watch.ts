// What is watched: a call of medium risk or above is told to the notifier as it happens, at a rate that people can bear.
import { RISK_LEVELS, type RiskPolicy } from '../policies/types.ts';
import type { AuditEvent, Clock } from './ports.ts';

const WINDOW_MS = 60_000;
const MAX_A_WINDOW = 3;

export type Watched = {
  level: string;
  score: number;
  factors: string[];
  agent: string;
  action: string;
  decision: string;
  event: string;
  left_out: number;
};

/** Told of every event; `tell` gets at most three a minute, each with how many were left out before it. */
export function createWatch({
  clock,
  policy,
  tell,
}: {
  clock: Clock;
  /** A level that calls for nothing is not told. */
  policy: () => Pick<RiskPolicy, 'responses'>;
  tell: (watched: Watched) => void;
}): (event: AuditEvent) => void {
  let told: number[] = [];
  let left_out = 0;
  return (event) => {
    if (!isWatched(event) || !event.risk || event.risk.level === 'low') return;
    if (policy().responses[event.risk.level] === 'none') return;
    const now = clock.mono();
    told = told.filter((at) => now - at < WINDOW_MS);
    if (told.length >= MAX_A_WINDOW) {
      left_out += 1;
      return;
    }
    told.push(now);
    const { level, score, factors } = event.risk;
    tell({
      level,
      score,
      factors: factors.map(({ name, points }) => `${name} ${points}`),
      agent: event.agent_id ?? 'an agent',
      action: event.action ?? `${event.server ?? ''}/${event.tool ?? ''}`,
      decision: event.decision ?? event.outcome ?? '',
      event: event.id,
      left_out,
    });
    left_out = 0;
  };
}

/** For places that are small: who did what, how risky and why. Letters, digits and a few marks only. */
export function inWords({ agent, action, score, factors, decision, left_out }: Watched): string {
  const words = `${agent}: ${action} ${decision}, ${score} points (${factors.join(', ')})${left_out > 0 ? `, and ${left_out} more in the last minute` : ''}`;
  return words.replace(/[^\p{L}\p{N} .,:/@_+*()-]/gu, '·').slice(0, 240);
}

/** A call at medium risk or above, or a result that makes what follows so. */
export function isWatched(event: Pick<AuditEvent, 'type' | 'risk' | 'rule'>): boolean {
  if (!['call.intent', 'call.refused', 'call.outcome'].includes(event.type)) return false;
  // what could not be judged at all has a level by assumption, and no factors
  return (
    event.risk !== undefined &&
    event.risk.factors.length > 0 &&
    RISK_LEVELS.indexOf(event.risk.level) >= RISK_LEVELS.indexOf('medium')
  );
}
