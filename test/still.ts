// An event is read when the log comes to it: in tests it is an error to have changed it meanwhile, since the record would say something else.
import { Discretion } from '../server/audit/discreet.ts';
import { Writer } from '../server/audit/writer.ts';
import type { AuditInput } from '../server/ports.ts';

const asked = new WeakMap<object, string>();
const { append } = Writer.prototype;
const { apply } = Discretion.prototype;

Writer.prototype.append = function (this: Writer, event: AuditInput) {
  asked.set(event, JSON.stringify(event));
  return append.call(this, event);
};
Discretion.prototype.apply = function (this: Discretion, event) {
  const before = asked.get(event);
  if (before !== undefined && JSON.stringify(event) !== before)
    throw new Error(`the event \`${event.type}\` was changed while it waited for the log: ${before}`);
  return apply.call(this, event);
};
