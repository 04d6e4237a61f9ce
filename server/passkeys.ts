// Passkeys: the proof no program on this machine can give, since it takes a finger, a face or a PIN. What is signed is the very act.
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { digestOf } from '../policies/canonical-json.ts';
import { visible } from '../policies/values/visible.ts';
import { iso } from './clock.ts';
import { base64url, type KeptKey, openPasskeyFile, PasskeyError } from './passkey-file.ts';
import type { Clock } from './ports.ts';

export { PasskeyError };

/** The console is on this machine alone. The origin, port included, is compared as well: other programs have ports of their own. */
const RP = { id: 'localhost', name: 'Perimeter' };
/** A person who was asked has this long to touch the key. */
export const CHALLENGE_MS = 2 * 60_000;
/** That wait at a time, for one sign-in: the oldest go. */
const MAX_CHALLENGES = 16;
const MAX_NAME = 60;
const RANDOM_BYTES = 32;
/** EdDSA, ES256, RS256 (IANA COSE Algorithms): what every Node that we run on can check. */
const ALGORITHMS = [-8, -7, -257];

/** An enrolled key as people see it. Times are ISO 8601 UTC. */
export type Passkey = Pick<KeptKey, 'id' | 'name' | 'added_at' | 'used_at'>;
/** Where a key is asked for: by whom (their sign-in, empty before there is one) and on which origin. */
export type Place = { sign_in: string; origin: string };
/** `act`: what exactly it is asked for, as JSON. */
export type Asked = Place & { act: unknown };
/** What `navigator.credentials.get` and `.create` are given, as JSON (Web Authentication Level 3, 5.1). */
export type KeyOptions = { readonly challenge: string };

export type Passkeys = {
  /** Whether there is one. One that this guard has seen still counts when its file is gone. */
  readonly enrolled: boolean;
  list(): Passkey[];
  /** A challenge for one act. It holds once, for two minutes, for this sign-in and nothing else. */
  ask(asked: Asked): Promise<KeyOptions>;
  /**
   * The key that signed for this act. Every try uses up its challenge.
   * @throws PasskeyError `refused`, `changed`
   */
  prove(asked: Asked, response: unknown): Promise<Passkey>;
  /** What a browser needs to make a key. Whoever calls this has had the human proven. */
  invite(place: Place, of: { user: string; name: string }): Promise<KeyOptions>;
  /** Keeps the key that was made on an invitation. @throws PasskeyError */
  add(place: Place, response: unknown): Promise<Passkey>;
  /** Whoever calls these two has had the human proven. @throws PasskeyError */
  rename(id: string, name: string): Promise<Passkey>;
  remove(id: string): Promise<Passkey>;
};

type Challenge = Place & { kind: 'get' | 'create'; until: number; name: string };
type Library = typeof import('@simplewebauthn/server');

/** The passkeys of a state directory, for the one guard that owns it. */
export async function openPasskeys(state: string, clock: Clock): Promise<Passkeys> {
  const file = await openPasskeyFile(state);
  const challenges = new Map<string, Challenge>();

  const put = (act: unknown, about: Omit<Challenge, 'until'>) => {
    const challenge = Buffer.concat([randomBytes(RANDOM_BYTES), actBytes(act)]);
    challenges.set(challenge.toString('base64url'), { ...about, until: clock.mono() + CHALLENGE_MS });
    for (const [one, { until }] of challenges) if (clock.mono() >= until) challenges.delete(one);
    const mine = [...challenges].filter(([, { sign_in }]) => sign_in === about.sign_in).map(([one]) => one);
    for (const oldest of mine.slice(0, -MAX_CHALLENGES)) challenges.delete(oldest);
    return new Uint8Array(challenge);
  };
  /** Uses up the challenge that was answered, whatever becomes of it. */
  const take = (response: unknown, kind: Challenge['kind'], place: Place, act: unknown) => {
    const given = challengeOf(response);
    const found = given === undefined ? undefined : challenges.get(given);
    if (given === undefined || !found) throw refused('it was asked for nothing that still waits; try again');
    challenges.delete(given);
    if (clock.mono() >= found.until) throw refused('it came after more than two minutes; try again');
    const same = found.kind === kind && found.sign_in === place.sign_in && found.origin === place.origin;
    if (!same || !Buffer.from(given, 'base64url').subarray(RANDOM_BYTES).equals(actBytes(act)))
      throw refused('it was given for something else');
    return { name: found.name, expectedChallenge: given, expectedOrigin: place.origin, expectedRPID: RP.id };
  };
  const known = () => file.keys.map(({ id, transports }) => ({ id, transports }));

  return {
    get enrolled() {
      return file.enrolled;
    },
    list: () => file.keys.map(shown),
    async ask({ sign_in, origin, act }) {
      const { generateAuthenticationOptions } = await library();
      return generateAuthenticationOptions({
        rpID: RP.id,
        challenge: put(act, { kind: 'get', sign_in, origin, name: '' }),
        timeout: CHALLENGE_MS,
        userVerification: 'required',
        allowCredentials: known(),
      });
    },
    async prove(asked, response) {
      const { name: _, ...expected } = take(response, 'get', asked, asked.act);
      const { verifyAuthenticationResponse } = await library();
      return file.update(async (keys) => {
        const key = byId(keys, idOf(response));
        const { verified, authenticationInfo } = await verifyAuthenticationResponse({
          ...expected,
          response: response as Parameters<Library['verifyAuthenticationResponse']>[0]['response'],
          requireUserVerification: true,
          credential: { id: key.id, publicKey: new Uint8Array(Buffer.from(key.public_key, 'base64url')), counter: key.counter },
        }).catch(refusing);
        if (!verified) throw refused('its signature is wrong');
        const used: KeptKey = { ...key, counter: authenticationInfo.newCounter, used_at: iso(clock.now()) };
        return { keys: keys.map((one) => (one === key ? used : one)), result: shown(used) };
      });
    },
    async invite({ sign_in, origin }, { user, name }) {
      const { generateRegistrationOptions } = await library();
      return generateRegistrationOptions({
        rpName: RP.name,
        rpID: RP.id,
        userName: user,
        challenge: put(undefined, { kind: 'create', sign_in, origin, name: named(name) }),
        timeout: CHALLENGE_MS,
        attestationType: 'none',
        supportedAlgorithmIDs: ALGORITHMS,
        excludeCredentials: known(),
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
      });
    },
    async add(place, response) {
      const { name, ...expected } = take(response, 'create', place, undefined);
      const { verifyRegistrationResponse } = await library();
      const { verified, registrationInfo } = await verifyRegistrationResponse({
        ...expected,
        response: response as Parameters<Library['verifyRegistrationResponse']>[0]['response'],
        requireUserVerification: true,
        supportedAlgorithmIDs: ALGORITHMS,
      }).catch(refusing);
      if (!verified) throw refused('its signature is wrong');
      const { id, publicKey, counter, transports = [] } = registrationInfo.credential;
      const fresh: KeptKey = {
        id,
        name,
        public_key: Buffer.from(publicKey).toString('base64url'),
        counter,
        transports: transports.filter((one) => /^[\w-]{1,20}$/.test(one)).slice(0, 10),
        added_at: iso(clock.now()),
      };
      return file.update(async (keys) => {
        if (keys.some((one) => one.id === id)) throw refused('it is kept already');
        return { keys: [...keys, fresh], result: shown(fresh) };
      });
    },
    rename: (id, name) =>
      file.update(async (keys) => {
        const renamed: KeptKey = { ...byId(keys, id), name: named(name) };
        return { keys: keys.map((one) => (one.id === id ? renamed : one)), result: shown(renamed) };
      }),
    remove: (id) =>
      file.update(async (keys) => {
        const gone = byId(keys, id);
        return { keys: keys.filter((one) => one !== gone), result: shown(gone) };
      }),
  };
}

/** The passkeys of a running guard: read once, at the first call. */
export function passkeysOf({ config, clock }: { config: { state: string }; clock: Clock }): Promise<Passkeys> {
  const known = opened.get(config) ?? openPasskeys(config.state, clock);
  opened.set(config, known);
  return known;
}
const opened = new WeakMap<object, Promise<Passkeys>>();

/** Loaded when it is first needed: most guards run without it, and start faster so. */
const library = (): Promise<Library> => import('@simplewebauthn/server');

/** The end of every challenge: what is signed is this very decision, and a changed one has another challenge. */
const actBytes = (act: unknown): Buffer =>
  act === undefined ? Buffer.alloc(0) : Buffer.from(digestOf(act).slice('sha256:'.length), 'hex');

const shown = ({ id, name, added_at, used_at }: KeptKey): Passkey => ({
  id,
  name,
  added_at,
  ...(used_at === undefined ? {} : { used_at }),
});
const named = (name: string): string => visible(name.normalize('NFC').trim(), MAX_NAME) || 'passkey';
const refused = (why: string): PasskeyError => new PasskeyError('refused', `the passkey does not count: ${why}`);
const refusing = (error: unknown): never => {
  throw refused(error instanceof Error ? visible(error.message, 200) : 'it cannot be read');
};

function byId(keys: readonly KeptKey[], id: string): KeptKey {
  const key = keys.find((one) => one.id === id);
  if (!key) throw refused('it is none of those that are kept here');
  return key;
}

const answerSchema = z.looseObject({ id: base64url, response: z.looseObject({ clientDataJSON: base64url }) });
const clientDataSchema = z.looseObject({ challenge: base64url, crossOrigin: z.literal(false).optional() });

const idOf = (response: unknown): string => answerSchema.parse(response).id;

/** The challenge that was answered; undefined when the answer makes no sense, or was given inside another site's frame. */
function challengeOf(response: unknown): string | undefined {
  const answer = answerSchema.safeParse(response);
  if (!answer.success) return undefined;
  try {
    const text = Buffer.from(answer.data.response.clientDataJSON, 'base64url').toString('utf8');
    return clientDataSchema.parse(JSON.parse(text)).challenge;
  } catch {
    return undefined;
  }
}
