// The errors that cross the seams of the server, each with what the road needs to know to settle and record the call.

export type DownstreamErrorKind = 'not_started' | 'died' | 'timeout' | 'too_large' | 'cancelled' | 'protocol';

/** A call that a downstream didn't answer. The message is for the user and the agent; it holds no internals. */
export class DownstreamError extends Error {
  override readonly name = 'DownstreamError';
  readonly kind: DownstreamErrorKind;
  /** Whether the request may have reached the downstream, and so may have been carried out. */
  readonly reached: boolean;
  constructor(kind: DownstreamErrorKind, reached: boolean, message: string) {
    super(message);
    this.kind = kind;
    this.reached = reached;
  }
}
