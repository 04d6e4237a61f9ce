// What a provider of context is: something that looks, and says yes or no with its source, or nothing when it doesn't know.

/** `since` and `ttl` in milliseconds: when it was looked at, and how long it may be believed. */
export type Sample = { value: boolean; since: number; ttl: number; source: string };

/** `look` may fail or hang: both mean unknown, and unknown never satisfies a condition. */
export type Provider = {
  readonly source: string;
  /** Milliseconds a look may take, and its answer may be believed. */
  readonly timeout: number;
  readonly ttl: number;
  look(signal: AbortSignal): Promise<boolean | undefined>;
};
