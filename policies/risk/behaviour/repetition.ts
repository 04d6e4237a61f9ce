// A run of nearly the same call, as when numbers are tried one by one. Refines the rate of calls.
import { shapeOf } from '../../baseline.ts';
import type { PastCall } from '../../history.ts';
import type { Asked, Factor } from '../factor.ts';

const RUN = 25;

export const repetition: Factor = {
  name: 'repetition',
  what: '25 calls or more in ten minutes that differ in a number at most',
  applies: isRun,
};

function isRun({ recent, reading }: Asked): boolean {
  if (recent.length < RUN - 1) return false;
  const shape = shapeOf(reading);
  let run = 1;
  for (const call of recent)
    if (call.server === reading.server && call.tool === reading.tool && shapeKept(call) === shape) run += 1;
  return run >= RUN;
}

/** A call is looked at again at every later one, so its shape is kept. */
const shapes = new WeakMap<PastCall, string>();

function shapeKept(call: PastCall): string {
  const known = shapes.get(call);
  if (known !== undefined) return known;
  const shape = shapeOf(call);
  shapes.set(call, shape);
  return shape;
}
