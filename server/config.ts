// mcp.json as the rest of the server uses it: checked, paths absolute, defaults filled in.
import { homedir, userInfo } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { formatProblem } from '../policies/source.ts';
import type { PlacesConfig } from './audit/places.ts';
import type { WebhookConfig } from './channels/webhook.ts';
import { clientSettings } from './client-settings.ts';
import { type ContextSettings, contextFiles } from './context/settings.ts';
import type { ImpactSettings } from './impact-settings.ts';
import { type Env, readMcpJson } from './mcp-json.ts';
import { packageRoot } from './package-root.ts';
import type { ServerEntry } from './ports.ts';

export { ConfigError } from './mcp-json.ts';

/** Paths are absolute, durations in milliseconds. */
export type Config = {
  /** mcp.json itself, and its folder. */
  file: string;
  folder: string;
  entries: ServerEntry[];
  agent: string;
  user: { name: string; role: string };
  /** Folder of the user's policies; absent: the bundled rules hold. */
  policies?: string;
  state: string;
  prefix: 'auto' | 'none' | 'always';
  /** IANA name. */
  timezone: string;
  session: { login: 'implicit' | 'required'; for: number; survive_restart: boolean };
  channels: { min_answer: number; desktop: boolean; webhook?: WebhookConfig };
  /** The page on this machine; without a port one that was free, kept in the state. */
  console: false | { port?: number };
  /** `copy`: the second place for checkpoints; `retain`: how long events are kept; the others: where events are sent as they happen. */
  audit: PlacesConfig & { copy?: string; retain?: number };
  context: ContextSettings;
  impact: ImpactSettings;
  /** Absolute paths that no tool reads or writes. */
  protected: string[];
  /** Clients' settings: no tool reads or writes them; a search of a folder that holds some is not stopped for it. */
  settings: string[];
  /** Worth telling, and no reason to stop, as `file:line: message`. */
  warnings: string[];
};

const SESSION_MS = 8 * 3_600_000;
/** A human is not faster: an answer before this is the client's own. */
const MIN_ANSWER_MS = 500;

/** Reads mcp.json. `env` gives the values of `${NAME}`, `PERIMETER_STATE` and the home folder. Throws ConfigError. */
export function loadConfig(file: string, env: Env): Config {
  const path = resolve(file);
  const folder = dirname(path);
  const { entries, own, warnings } = readMcpJson(path, env);
  const inside = (written: string | undefined) => (written === undefined ? undefined : resolve(folder, written));
  const policies = inside(own.policies);
  const copy = /^(?:https?:|stderr$)/i.test(own.audit.copy ?? '') ? own.audit.copy : inside(own.audit.copy);
  const state = env.PERIMETER_STATE ? resolve(env.PERIMETER_STATE) : resolve(folder, own.state);
  const guarded = [
    path,
    policies,
    state,
    isAbsolute(copy ?? '') ? copy : undefined,
    join(packageRoot(), 'dist'),
    join(packageRoot(), 'policies'),
    // what the console's pages load
    join(packageRoot(), 'server', 'console', 'public'),
  ].filter((one) => one !== undefined);
  return {
    file: path,
    folder,
    entries,
    agent: own.agent,
    user: { name: own.user.name ?? accountName(), role: own.user.role ?? 'user' },
    ...(policies === undefined ? {} : { policies }),
    state,
    prefix: own.prefix,
    timezone: own.timezone ?? Intl.DateTimeFormat().resolvedOptions().timeZone,
    session: { ...own.session, for: own.session.for ?? SESSION_MS },
    channels: { ...own.channels, min_answer: own.channels.min_answer ?? MIN_ANSWER_MS },
    console: own.console,
    audit: { ...own.audit, ...(copy === undefined ? {} : { copy }) },
    context: own.context,
    impact: own.impact,
    protected: [...guarded, ...contextFiles(own.context, folder)],
    settings: clientSettings(env.HOME ?? env.USERPROFILE ?? homedir(), folder),
    warnings: warnings.map(formatProblem),
  };
}

function accountName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'user';
  }
}
