// A careful guess at what a tool does that no binding describes: from its name and schema. Its annotations may only make it worse.
import type { Verb } from './types.ts';

/** Words in tool names, mildest verb first; the worst one found in a name counts. */
const WORDS: readonly [Verb, RegExp][] = [
  ['list', /^(list|ls|enumerate|tree|directory)$/],
  ['search', /^(search|find|query|lookup|grep|match)$/],
  [
    'read',
    /^(read|get|fetch|show|view|describe|info|stat|status|count|check|head|tail|cat|open|download|summary|summarize|echo|help|inspect|print|explain)$/,
  ],
  ['draft', /^draft$/],
  ['create', /^(create|add|insert|new|append|register|book|schedule|upload|import|copy|clone|make|mkdir|post)$/],
  [
    'write',
    /^(write|update|set|edit|put|patch|save|modify|change|rename|replace|upsert|merge|mark|toggle|enable|disable|configure|assign|tag|label)$/,
  ],
  ['move', /^(move|mv|transfer|archive|restore)$/],
  ['send', /^(send|reply|forward|email|mail|message|notify|publish|tweet|push|submit|pay|invite|respond)$/],
  ['share', /^(share|grant|permit|authorize|expose)$/],
  ['delete', /^(delete|remove|rm|drop|purge|clear|trash|destroy|cancel|wipe|erase|truncate|unlink|revoke|kill)$/],
  [
    'execute',
    /^(run|exec|execute|eval|call|invoke|trigger|shell|bash|command|script|deploy|start|stop|restart|install|sudo|admin|env|debug|sql)$/,
  ],
];
/** Arguments that make a read write, reach elsewhere, or do anything at all. */
const REACHING =
  /^(out(put)?|save|dest(ination)?|target|to)_?(path|file|dir|folder|url)?$|webhook|callback|connection_?string|^dsn$|^(operation|action|method|command|cmd|script|code|eval|shell|headers|env)$/;
/** Switches that make a read write beside it: `markSeen`, `delete_after`, `notify`. */
const SWITCH =
  /^(?:mark|delete|remove|update|create|send|notify|save|write|overwrite|apply|commit|force|archive|clear|purge|publish|upload)(?:[_A-Z-]|$)/;
/** Arguments that name a place; in a tool that isn't about such places it is where something goes. */
const PLACE = /^(?:paths?|file_?(?:path|name)|folder|dir(?:ectory)?|urls?|uri|href|endpoint|host|server)$/;
const ABOUT_PLACES =
  /^(?:files?|folders?|dir|directory|directories|paths?|documents?|docs?|pages?|urls?|uri|web|website|site|http|html|images?|media|links?|tree|fetch|repo|repository)$/;
const MAX_DEPTH = 6;
const MILD: ReadonlySet<Verb> = new Set(['read', 'list', 'search']);

export type Guess = { verb: Verb; destructive: boolean };

/** Guesses from the definition, and from the arguments given, which a schema need not name. Unsure is `execute`. */
export function guessVerb(name: string, inputSchema: unknown, annotations: unknown, args: unknown = {}): Guess {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z])([A-Z][a-z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
  const found = WORDS.findLast(([, pattern]) => words.some((word) => pattern.test(word)));
  let verb: Verb = found?.[0] ?? 'execute';
  const hints = (typeof annotations === 'object' && annotations !== null ? annotations : {}) as Record<string, unknown>;
  const destructive = hints.destructiveHint === true || verb === 'delete';
  const places = !words.some((word) => ABOUT_PLACES.test(word));
  if (
    MILD.has(verb) &&
    (reaches(inputSchema, places) || reachesBy(args, places, 0) || hints.readOnlyHint === false || destructive)
  )
    verb = 'execute';
  return { verb, destructive };
}

/** Whether a name given anywhere in the arguments makes a read more than one. */
function reachesBy(args: unknown, places: boolean, depth: number): boolean {
  if (typeof args !== 'object' || args === null) return false;
  if (depth > MAX_DEPTH) return true;
  if (Array.isArray(args)) return args.some((item) => reachesBy(item, places, depth + 1));
  return Object.entries(args).some(([key, value]) => reaching(key, places) || reachesBy(value, places, depth + 1));
}

function reaching(key: string, places: boolean): boolean {
  return REACHING.test(key.toLowerCase()) || SWITCH.test(key) || (places && PLACE.test(key.toLowerCase()));
}

function reaches(schema: unknown, places: boolean): boolean {
  if (typeof schema !== 'object' || schema === null) return true;
  const properties = (schema as Record<string, unknown>).properties;
  if (properties === undefined)
    return (
      (schema as Record<string, unknown>).additionalProperties !== false && (schema as Record<string, unknown>).type !== 'object'
    );
  return typeof properties !== 'object' || properties === null || Object.keys(properties).some((key) => reaching(key, places));
}
