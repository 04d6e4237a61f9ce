// What was planned, kept in memory while a human thinks: an approval is for this, and for nothing that changed meanwhile.
import type { Policy } from '../policies/types.ts';
import type { ElevationInput } from '../tools/guard/tool.ts';
import { definitionDigest } from './catalog.ts';
import { type HandoffParts, prepare } from './handoff.ts';
import type { Judging, Sight } from './judging.ts';
import type { Clock, Impact, RequestRecord } from './ports.ts';

const MAX_PLANS = 1_000;
/** Judging anew waits for nobody longer than this. */
const AGAIN_MS = 15_000;

export type Plan = { input: ElevationInput; sight: Sight; impacts: Impact[]; withheld: boolean };
export type Plans = {
  keep(request_id: string, plan: Plan): void;
  get(request_id: string): Plan | undefined;
  /** Why a request no longer is what was shown: another definition, or a policy that says something else of it. */
  changed(request: RequestRecord): Promise<string | undefined>;
};

export function createPlans(parts: {
  judging: Judging;
  policy: () => Policy;
  elevations: HandoffParts['elevations'];
  clock: Clock;
}): Plans {
  const plans = new Map<string, Plan & { definitions: string[] }>();
  const definitions = (input: ElevationInput) =>
    (input.calls ?? []).map(({ tool }) => {
      const found = parts.judging.find(tool);
      return 'decision' in found ? '' : definitionDigest(found.definition);
    });

  return {
    keep(request_id, plan) {
      if (plans.has(request_id)) return;
      plans.set(request_id, { ...plan, definitions: definitions(plan.input) });
      if (plans.size > MAX_PLANS) for (const oldest of plans.keys()) return void plans.delete(oldest);
    },
    get: (request_id) => plans.get(request_id),
    async changed(request) {
      const plan = plans.get(request.request_id);
      if (!plan) return 'the guard no longer knows what was planned';
      const now = definitions(plan.input);
      const other = (plan.input.calls ?? []).find((_, index) => now[index] !== plan.definitions[index]);
      if (other) return `the definition of \`${other.tool.slice(0, 200)}\` changed since it was asked`;
      if (request.policy_digest === parts.policy().digest) return undefined;
      const sight = { ...plan.sight, context: { ...plan.sight.context, now: parts.clock.now() } };
      const again = await prepare(parts, plan.input, sight, AbortSignal.timeout(AGAIN_MS)).catch(() => undefined);
      return again && 'draft' in again && again.draft.shown === request.shown
        ? undefined
        : 'the policy changed since it was asked';
    },
  };
}
