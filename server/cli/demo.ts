// perimeter demo: makes the sample company, and plays the story of an agent and its guard on it.
import { execFile } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from 'commander';
import { systemClock } from '../clock.ts';
import { type Agent, connectAgent } from '../demo/client.ts';
import { humanAtTerminal, scriptedHuman } from '../demo/human.ts';
import { createNarrator, type Narrator } from '../demo/narrator.ts';
import { playStory } from '../demo/story.ts';
import { makeWorkspace, UnfitFolder, type Workspace } from '../demo/workspace.ts';
import { action, EXIT, Exit, print } from './output.ts';
import { PERIMETER_COMMAND } from './reach.ts';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

type Options = { auto?: boolean; keep?: string; story: boolean };

export function demoCommand(program: Command): void {
  program
    .command('demo')
    .description('the whole story on a sample company: an agent at work, a guard, and you')
    .option('--auto', 'a scripted human answers instead of you')
    .option('--keep <folder>', 'make the company in this new or empty folder, and leave it there')
    .option('--no-story', 'only make the company (with --keep)')
    .action(action(demo));
}

async function demo(options: Options): Promise<number> {
  if (!options.story && options.keep === undefined)
    throw new Exit(EXIT.usage, 'perimeter: `--no-story` alone leaves nothing behind; say where with `--keep FOLDER`');
  const folder = options.keep ?? realpathSync(mkdtempSync(join(tmpdir(), 'perimeter-demo-')));
  try {
    const workspace = await makeWorkspace(folder, systemClock.now());
    if (options.story) return await story(workspace, options);
    print(
      `The sample company stands in ${workspace.folder}. Start its guard with: npx perimeter serve --config ${workspace.config}`,
    );
    return EXIT.ok;
  } catch (error) {
    if (error instanceof UnfitFolder) throw new Exit(EXIT.usage, `perimeter: ${error.message}`);
    throw error;
  } finally {
    if (options.keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
}

async function story(workspace: Workspace, options: Options): Promise<number> {
  const narrator = createNarrator(process.stdout.columns);
  const started = systemClock.mono();
  const attended = options.auto !== true && process.stdin.isTTY === true && process.stdout.isTTY === true;
  narrator.title('Felix, John, and the guard between them', [
    'felix-prod is an AI agent that works for John at Acme. It reaches calendar, mail, files and customers only through Perimeter.',
    attended
      ? 'You are John. Once, the guard will ask you.'
      : 'A scripted human plays John and says so; run it in a terminal, without --auto, to answer yourself.',
    `Everything is real: a guard, four servers, an MCP client, and files in ${workspace.folder}`,
  ]);
  const interrupted = onInterrupt();
  const human = attended ? humanAtTerminal(narrator, systemClock, interrupted.now) : scriptedHuman(narrator);
  let agent: Agent | undefined;
  try {
    agent = await Promise.race([connectAgent(workspace.config, PERIMETER_COMMAND, human), interrupted.promise]);
    const { steps, failed } = await Promise.race([
      playStory({ workspace, agent, narrator, verify: () => verify(workspace) }),
      interrupted.promise,
    ]);
    const seconds = ((systemClock.mono() - started) / 1_000).toFixed(1);
    if (failed.length === 0) finish(narrator, `All ${steps} steps went as they should, in ${seconds} s.`, options);
    else
      narrator.end(false, `${failed.length} thing(s) did not come out as they should:`, [
        ...failed,
        ...(agent.log() === '' ? [] : ['the guard said:', agent.log().trimEnd()]),
      ]);
    return failed.length === 0 ? EXIT.ok : EXIT.no;
  } finally {
    interrupted.forget();
    await agent?.close();
  }
}

function finish(narrator: Narrator, text: string, options: Options): void {
  const kept = options.keep;
  narrator.end(true, text, [
    kept === undefined
      ? 'Keep the company to look around in:  npx perimeter demo --keep ./quickstart'
      : `The company is yours to look around in. Its rules: ${join(kept, 'policies', 'rules')}`,
    'Put the guard in front of your own servers:  npx perimeter init',
  ]);
}

/** The command a person would type, on the record this story left. */
function verify(workspace: Workspace): Promise<{ code: number | null; said: string }> {
  const args = [...PERIMETER_COMMAND.args, 'audit', 'verify', '--config', workspace.config];
  const { PERIMETER_STATE: _elsewhere, ...env } = process.env;
  return new Promise((resolve) => {
    const child = execFile(PERIMETER_COMMAND.command, args, { env: { ...env, NO_COLOR: '1' } }, (_error, stdout, stderr) =>
      resolve({ code: child.exitCode, said: `${stdout}${stderr}` }),
    );
  });
}

/** Rejects on Ctrl-C, so that the guard is stopped and the folder removed before the command ends. */
function onInterrupt(): { promise: Promise<never>; now: () => void; forget: () => void } {
  let now = () => {};
  const promise = new Promise<never>((_resolve, reject) => {
    now = () => reject(new Exit(EXIT.failed, 'perimeter: the demo was interrupted'));
  });
  promise.catch(() => undefined);
  for (const signal of SIGNALS) process.once(signal, now);
  return {
    promise,
    now,
    forget() {
      for (const signal of SIGNALS) process.off(signal, now);
    },
  };
}
