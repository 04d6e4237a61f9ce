// A change before it happens: what it would touch, and the act itself. A preview stops at the plan; the real call acts on it.
import type * as z from 'zod';
import { actualMeta, boundOf, type Counted, keepInside, keepMarked, PREVIEW_OUTPUT, type Preview } from '../impact.ts';
import { type BundledTool, bundledTool, ToolProblem } from '../serve.ts';

/** What was done; on a failure half way too. */
export type Outcome = { counted: Counted; text: string; structured: Record<string, unknown> };
export type Plan = {
  /** Files, by the path that is touched. */
  counted: Counted;
  strength: Preview['strength'];
  notes: string[];
  /** Each file that is touched, by name, inode, size and time of change: what the real call is held to. */
  marks: string[];
  /** Bytes that are written. */
  bytes?: number;
  /** Counting stopped at the cap. */
  more: boolean;
  /** It works from the list that was counted, so with more than the cap it can't start. */
  needsAll: boolean;
  act(signal: AbortSignal): Promise<Outcome>;
};

/** The error of a change that stopped half way: why, and what was done until then. */
export function halfDone(error: unknown, progress: string, done: Counted): ToolProblem {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'error';
  const reason = error instanceof ToolProblem ? error.message : `can not go on (${code})`;
  return new ToolProblem(`${reason}; ${progress}`, actualMeta(done, 'files'));
}

export type Change<Input extends z.ZodObject> = {
  name: string;
  title: string;
  description: string;
  input: Input;
  destructive: boolean;
  idempotent: boolean;
  /** Throws ToolProblem when it can't be done. Counts at most `filesMax` files. */
  plan(input: z.output<Input>, filesMax: number, signal: AbortSignal): Promise<Plan>;
};

const PREVIEW_FILES_MAX = 5_000;
const ACT_FILES_MAX = 100_000;

/** The tool that makes the change, and its preview with the same arguments. */
export function changeTools<Input extends z.ZodObject>(change: Change<Input>): BundledTool[] {
  const preview = `preview_${change.name}`;
  return [
    bundledTool({
      ...change,
      annotations: {
        readOnlyHint: false,
        destructiveHint: change.destructive,
        idempotentHint: change.idempotent,
        openWorldHint: false,
      },
      impact: { preview, unit: 'files', bound: true },
      run: async (input, { meta, signal }) => {
        const bound = boundOf(meta);
        const plan = await change.plan(input, ACT_FILES_MAX, signal);
        if (plan.more && (plan.needsAll || bound))
          throw new ToolProblem(`more than ${ACT_FILES_MAX} files, so nothing was changed: take smaller folders`);
        if (bound) {
          keepInside(bound, plan.counted);
          keepMarked(bound, plan.marks, plan.counted);
        }
        const { counted, text, structured } = await plan.act(signal);
        return { text, structured, meta: actualMeta(counted, 'files') };
      },
    }),
    bundledTool({
      name: preview,
      title: `Count: ${change.title.toLowerCase()}`,
      description: `Counts the files that \`${change.name}\` with the same arguments would touch, and changes nothing.`,
      input: change.input,
      output: PREVIEW_OUTPUT,
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
      run: async (input, { signal }) => {
        const { counted, more, notes, strength, marks, bytes } = await change.plan(input, PREVIEW_FILES_MAX, signal);
        const structured: Preview = {
          ...counted,
          unit: 'files',
          strength: more ? 'estimated' : strength,
          ...(more
            ? { more, notes: [`more than ${PREVIEW_FILES_MAX} files`, ...notes] }
            : { notes, set: { marks }, ...(bytes === undefined ? {} : { also: { bytes } }) }),
        };
        return { text: JSON.stringify(structured), structured };
      },
    }),
  ];
}
