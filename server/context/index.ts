// What is known of the situation as a call comes in: every provider asked, each with its time, none able to hold a call up or to open a door.
import type { Context } from '../../policies/types.ts';
import type { Clock } from '../ports.ts';
import { after } from '../timers.ts';
import type { Provider, Sample } from './provider.ts';
import type { Providers } from './settings.ts';

export type Situation = {
  /** `humanActed`: what the guard itself saw of the user lately. */
  look(humanActed: true | undefined): Promise<Pick<Context, 'vpn' | 'user_present'>>;
};

/** Provider failures are told once, until it answers again. */
export function createSituation({
  providers,
  clock,
  log,
}: {
  providers: Providers;
  clock: Clock;
  log: (line: string) => void;
}): Situation {
  const vpn = providers.vpn && keeper(providers.vpn, clock, log);
  const presence = providers.presence.map((provider) => keeper(provider, clock, log));
  return {
    async look(humanActed) {
      const [up, ...seen] = await Promise.all([vpn?.(), ...presence.map((one) => one())]);
      const context: Pick<Context, 'vpn' | 'user_present'> = {};
      if (up !== undefined) context.vpn = up.value;
      // somebody who locked the screen is away, whatever was clicked a minute ago
      const values = seen.flatMap((sample) => (sample === undefined ? [] : [sample.value]));
      if (values.includes(false)) context.user_present = false;
      else if (humanActed === true || values.includes(true)) context.user_present = true;
      return context;
    },
  };
}

/** Asks a provider, and believes its answer for as long as it says; undefined while it doesn't know, fails or hangs. */
function keeper(provider: Provider, clock: Clock, log: (line: string) => void): () => Promise<Sample | undefined> {
  let kept: Sample | undefined;
  let asking: Promise<Sample | undefined> | undefined;
  let told = false;
  const complain = (problem: string) => {
    if (!told) log(`${provider.source} says nothing of the situation (${problem}): its conditions don't hold until it does`);
    told = true;
  };

  async function ask(): Promise<Sample | undefined> {
    const stop = new AbortController();
    const since = clock.mono();
    let late: ReturnType<typeof after> | undefined;
    try {
      const timeUp = new Promise<'late'>((resolve) => {
        late = after(provider.timeout, () => resolve('late'));
      });
      const value = await Promise.race([provider.look(stop.signal), timeUp]);
      if (value === 'late') complain(`no answer within ${provider.timeout} ms`);
      if (typeof value !== 'boolean') return undefined;
      told = false;
      return { value, since, ttl: provider.ttl, source: provider.source };
    } catch (error) {
      complain(error instanceof Error ? error.message.slice(0, 200) : 'it failed');
      return undefined;
    } finally {
      late?.cancel();
      stop.abort();
    }
  }

  return async () => {
    const age = kept === undefined ? Number.POSITIVE_INFINITY : clock.mono() - kept.since;
    if (kept !== undefined && age >= 0 && age < kept.ttl) return kept;
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    kept = await asking;
    return kept;
  };
}
