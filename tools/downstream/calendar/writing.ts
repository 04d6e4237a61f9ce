// The calendar tools that change events, each with the preview that counts what it would touch.
import * as z from 'zod';
import { actualMeta, boundOf, keepInside, keepMarked, PREVIEW_OUTPUT, type Preview } from '../impact.ts';
import { type Annotations, type BundledTool, bundledTool, type ToolAnswer, type ToolContext } from '../serve.ts';
import { type CalendarOptions, type Plan, planCreate, planDelete, planUpdate } from './plans.ts';
import { READS } from './reading.ts';

const ADDS: Annotations = { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: false };
const CHANGES: Annotations = { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false };

const calendar = z.string().max(100).optional().describe('The calendar it is in; needed when several have this uid');
const uid = z.string().min(1).max(1_000).describe('The event, as list or search names it');
const occurrence = z
  .string()
  .max(40)
  .optional()
  .describe('Only this one of a series, as list names it in `occurrence`; the whole series when left out');
const FIELDS = {
  end: z.string().max(40).optional().describe('ISO 8601, exclusive; give this or `duration`'),
  duration: z.string().max(40).optional().describe('With units: `30m`, `1h30m`, `2d`'),
  zone: z.string().max(100).optional().describe('IANA zone the event is kept in, and of times without an offset'),
  location: z.string().optional(),
  notes: z.string().optional(),
  attendees: z
    .union([z.string(), z.array(z.string()).max(200)])
    .optional()
    .describe('Addresses, `ann@acme.example` or `Ann <ann@acme.example>`. This server sends them no invitation'),
  recurrence: z.string().max(500).optional().describe('RFC 5545 rule, such as `FREQ=WEEKLY;BYDAY=MO;COUNT=10`'),
};
const CREATE = z.object({
  title: z.string(),
  start: z.string().max(40).describe('ISO 8601: a date for a whole day, or a time'),
  ...FIELDS,
  calendar: z.string().max(100).optional().describe('The calendar to put it in; needed when there are several'),
});
const UPDATE = z.object({
  uid,
  occurrence,
  title: z.string().optional(),
  start: z.string().max(40).optional().describe('ISO 8601'),
  ...FIELDS,
  calendar,
});
const DELETE = z.object({ uid, occurrence, calendar });
const DONE = z.object({
  uid: z.string(),
  calendar: z.string(),
  events: z.int().describe('Occurrences touched'),
  more: z.boolean(),
  notes: z.array(z.string()),
});

/** The tools that change the calendars in one folder. */
export function writingTools(options: CalendarOptions): BundledTool[] {
  return [...createTools(options), ...updateTools(options), ...deleteTools(options)];
}

function createTools(options: CalendarOptions): BundledTool[] {
  const plan = (input: z.output<typeof CREATE>): Plan => planCreate(options, input);
  return [
    bundledTool({
      name: 'create',
      title: 'Create an event',
      description:
        'Adds an event or a series to a calendar. One hour, or one day, without `end` or `duration`. Sends no invitations.',
      input: CREATE,
      output: DONE,
      annotations: ADDS,
      impact: { preview: 'preview_create', unit: 'events', bound: true },
      run: async (input, context) => carryOut('created', plan(input), context),
    }),
    previewTool('create', CREATE, plan),
  ];
}

function updateTools(options: CalendarOptions): BundledTool[] {
  const plan = (input: z.output<typeof UPDATE>): Plan => planUpdate(options, input);
  return [
    bundledTool({
      name: 'update',
      title: 'Change an event',
      description:
        'Changes the given fields of an event, a series, or one occurrence of a series. An empty text takes a field away. Sends no mail.',
      input: UPDATE,
      output: DONE,
      annotations: CHANGES,
      impact: { preview: 'preview_update', unit: 'events', bound: true },
      run: async (input, context) => carryOut('changed', plan(input), context),
    }),
    previewTool('update', UPDATE, plan),
  ];
}

function deleteTools(options: CalendarOptions): BundledTool[] {
  const plan = (input: z.output<typeof DELETE>): Plan => planDelete(options, input);
  return [
    bundledTool({
      name: 'delete',
      title: 'Delete an event',
      description: 'Deletes an event, a whole series, or one occurrence of a series. Sends no cancellations.',
      input: DELETE,
      output: DONE,
      annotations: CHANGES,
      impact: { preview: 'preview_delete', unit: 'events', bound: true },
      run: async (input, context) => carryOut('deleted', plan(input), context),
    }),
    previewTool('delete', DELETE, plan),
  ];
}

function previewTool<Input extends z.ZodObject>(of: string, input: Input, plan: (input: z.output<Input>) => Plan): BundledTool {
  return bundledTool({
    name: `preview_${of}`,
    title: `Preview ${of}`,
    description: `Says what \`${of}\` would do with the same arguments, and changes nothing.`,
    input,
    output: PREVIEW_OUTPUT,
    annotations: READS,
    run: async (given) => {
      const { counted, more, notes, marks } = plan(given);
      const structured: Preview = {
        ...counted,
        unit: 'events',
        strength: 'checked',
        set: { marks },
        ...(more ? { more } : {}),
        ...(notes.length > 0 ? { notes } : {}),
      };
      return { text: [`${of} would touch ${countText(counted.total, more)}`, ...notes].join('\n'), structured };
    },
  });
}

function carryOut(done: string, plan: Plan, context: ToolContext): ToolAnswer {
  const bound = boundOf(context.meta);
  if (bound) {
    keepInside(bound, plan.counted);
    keepMarked(bound, plan.marks, plan.counted);
  }
  plan.carryOut();
  const { counted, more, notes, uid, calendar } = plan;
  return {
    text: [`${done} ${countText(counted.total, more)} in ${calendar}, uid ${uid}`, ...notes].join('\n'),
    structured: { uid, calendar, events: counted.total, more, notes },
    meta: actualMeta(counted, 'events'),
  };
}

function countText(count: number, more: boolean): string {
  return `${more ? 'more than ' : ''}${count} ${count === 1 ? 'event' : 'events'}`;
}
