// The watch over events that wait for the log finds one that was changed.
import { expect, it } from 'vitest';
import { newWorld } from './server/audit/world.ts';
import './still.ts';

it('is an error to change an event that waits', async () => {
  const log = await (await newWorld()).open();
  const event = { type: 'call.intent', facts: { records: 1 } };
  const written = log.append(event);
  event.facts.records = 2;
  await expect(written).rejects.toThrow('was changed while it waited');
  await log.append({ type: 'call.intent', facts: { records: 1 } });
  await log.close();
});
