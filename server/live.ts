// Conditions that something depends on right now: a request that waits for a person, a call under way. While nothing depends on any, nothing is looked at.
import { judgeWhile } from '../policies/conditions.ts';
import type { Verdict } from '../policies/judge.ts';
import type { Context, GrantView, Policy, While } from '../policies/types.ts';
import type { Situation } from './context/index.ts';
import type { Elevations } from './elevations.ts';
import type { IdentityService } from './identity.ts';
import type { Clock } from './ports.ts';
import { after, type Timer } from './timers.ts';

/** How long a condition may have ended before what depends on it hears of it, beside the time a provider takes. */
const EVERY_MS = 1_000;

/** The conditions that don't hold in this situation, as `while vpn`; none while all is well. */
export type Broken = (context: Context) => string[];

export type Live = {
  /** Calls `ended` once, with what no longer holds. What it returns stops the watching. `soon` looks at once, to know what holds now. */
  watch(broken: Broken, ended: (failed: string[]) => void, soon?: 'soon'): () => void;
  close(): void;
};

/** Looks at how things stand, and changes nothing: no session opens because somebody waits. */
export function createLive({
  situation,
  identity,
  clock,
  zone,
}: {
  situation: Situation;
  identity: Pick<IdentityService, 'current' | 'userPresent'>;
  clock: Clock;
  zone: string;
}): Live {
  const look = async (): Promise<Context> => {
    const seen = await situation.look(identity.userPresent());
    return { now: clock.now(), zone, session: identity.current().session, ...seen };
  };
  const watched = new Set<{ broken: Broken; ended: (failed: string[]) => void }>();
  let timer: Timer | undefined;
  let closed = false;

  let looking = false;

  function arm(ms = EVERY_MS): void {
    if (timer !== undefined && ms > 0) return;
    timer?.cancel();
    timer = watched.size > 0 && !closed && !looking ? after(ms, () => void round().catch(() => undefined)) : undefined;
  }
  async function round(): Promise<void> {
    timer = undefined;
    looking = true;
    // who comes while it is being looked hears of it the next time
    const depending = [...watched];
    try {
      const context = await look();
      for (const one of depending) {
        const failed = [...new Set(one.broken(context))];
        if (failed.length > 0 && watched.delete(one)) one.ended(failed);
      }
    } finally {
      looking = false;
      arm();
    }
  }

  return {
    watch(broken, ended, soon) {
      const one = { broken, ended };
      watched.add(one);
      arm(soon === undefined ? EVERY_MS : 0);
      return () => {
        watched.delete(one);
        if (watched.size > 0) return;
        timer?.cancel();
        timer = undefined;
      };
    },
    close() {
      closed = true;
      watched.clear();
      timer?.cancel();
    },
  };
}

/**
 * For a request that waits: what held when it was made and has ended since. That nobody knows any more whether the user is there ends
 * nothing, since their answer is what would tell; that they are away does.
 */
function endedSince(conditions: While): Broken {
  let before: readonly string[] | undefined;
  return (context) => {
    const unmet = unmetOf(conditions, context);
    const known = before;
    before = unmet;
    return unmet.filter(
      (name) => known?.includes(name) === false && !(name === 'while user_present' && context.user_present === undefined),
    );
  };
}

/** Withdraws a request when a condition that it would live by ends while it waits: whoever waits for it is answered. */
export function watchRequests(
  live: Pick<Live, 'watch'>,
  elevations: Pick<Elevations, 'onPending' | 'onDecided' | 'cancel'>,
): void {
  const stops = new Map<string, () => void>();
  elevations.onPending(({ request_id, while: conditions }) => {
    if (!conditions) return;
    const cancel = (failed: string[]) =>
      void elevations.cancel(request_id, `${endedWhy(failed)}; ask again when it holds`, failed).catch(() => undefined);
    stops.set(request_id, live.watch(endedSince(conditions), cancel, 'soon'));
  });
  elevations.onDecided(({ request_id }) => {
    stops.get(request_id)?.();
    stops.delete(request_id);
  });
}

/** For a call under way: the conditions of each grant it uses, and of the rules that allow it as long as none of them holds. */
export function dependsOn(
  { decision }: Verdict,
  policy: Policy,
  grants: readonly Pick<GrantView, 'rules' | 'while'>[],
): Broken | undefined {
  const spoke = policy.rules.filter((rule) => decision.rules.includes(rule.id));
  const lifted = spoke.filter((rule) => grants.some((grant) => grant.rules.includes(rule.id)));
  const all = [...grants.map((grant) => grant.while), ...lifted.map((rule) => rule.limits.while)].filter(
    (one) => one !== undefined,
  );
  const allows = spoke.filter((rule) => rule.effect === 'allow');
  const any = allows.every((rule) => rule.while !== undefined) ? allows.map((rule) => rule.while) : [];
  if (all.length + any.length === 0) return undefined;
  return (context) => {
    const failed = all.flatMap((one) => unmetOf(one, context));
    const each = any.map((one) => unmetOf(one, context));
    return each.length > 0 && each.every((unmet) => unmet.length > 0) ? [...failed, ...each.flat()] : failed;
  };
}

function unmetOf(conditions: While | undefined, context: Context): string[] {
  return judgeWhile(conditions, context).unmet.map((name) => `while ${name}`);
}

/** What a record and an agent are told. */
export function endedWhy(failed: readonly string[]): string {
  return `a condition ended: ${failed.map((name) => `\`${name}\``).join(', ')}`;
}
