// Values that are shared: a change to one is an error at once, and not a record or a state that says something else.

/** The value itself, frozen with everything in it. Plain data only. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) frozen(inner);
  }
  return value;
}
