// A binding file: what each tool of a server does, to which resource, and which arguments its facts come from.
import * as z from 'zod';
import { FACTS } from './facts.ts';
import { check, closed, words } from './shape.ts';
import { type Problem, partOf, type Source, suggestion } from './source.ts';
import {
  type Binding,
  type BoundResource,
  type Does,
  RESOURCE_KINDS,
  RISK_LEVELS,
  type SqlDialect,
  type ToolBinding,
  VERBS,
  type Verb,
} from './types.ts';
import { isPublicSuffix } from './values/registrable.ts';

/** Facts whose arguments a binding names; any other name in `facts` becomes `args.<name>`. */
const BOUND_FACTS = ['body', 'attachments', 'attendees', 'recipients', 'amount', 'items', 'events'];
const DIALECTS: Record<string, SqlDialect> = {
  sqlite: 'sqlite',
  postgres: 'postgres',
  mysql: 'mysql',
  mssql: 'mssql',
  mariadb: 'mysql',
  sqlserver: 'mssql',
};
const CLASSES = ['pii', 'financial', 'credentials', 'health'];
const SELECTOR = /^[^.[\]\s]+(\[\])?(\.[^.[\]\s]+(\[\])?)*$/;
const DOMAIN = /^[A-Za-z0-9_.-]{1,128}$/;

const selector = z.string().regex(SELECTOR, {
  error: (issue) => `\`${String(issue.input)}\` is no argument; write it as \`path\`, \`a.b\` or \`files[].path\``,
});
const selectors = z
  .union([selector, z.array(selector).min(1)], { error: 'this must be an argument or a list of arguments' })
  .transform((value) => [value].flat());

/** A text `verb:domain`, as `Does`. */
const does = z.string().transform((text, context): Does => {
  const [verb = '', domain = '', ...more] = text.split(':');
  const fail = (message: string) => {
    context.issues.push({ code: 'custom', message, input: text });
    return z.NEVER;
  };
  if (!VERBS.includes(verb as Verb)) return fail(`\`${verb}\` is no verb${suggestion(verb, VERBS)}`);
  if (more.length > 0 || !DOMAIN.test(domain)) return fail(`\`${text}\` is not \`verb:domain\`; write it as \`${verb}:files\``);
  return { verb: verb as Verb, domain };
});

/** `{ by: operation, list: read:crm, "*": delete:crm }`. */
const doesByCase = z.looseObject({ by: selector }).transform((written, context): Exclude<ToolBinding['does'], Does | 'sql'> => {
  const { by, '*': otherwise, ...cases } = written;
  const table: Record<string, Does> = {};
  let last: Does | undefined;
  for (const [name, text] of Object.entries({ ...cases, ...(otherwise === undefined ? {} : { '*': otherwise }) })) {
    const read = does.safeParse(text);
    if (!read.success)
      context.issues.push({
        code: 'custom',
        message: read.error.issues[0]?.message ?? 'this is not `verb:domain`',
        input: text,
        path: [name],
      });
    else if (name === '*') last = read.data;
    else table[name] = read.data;
  }
  if (Object.keys(table).length === 0)
    context.issues.push({
      code: 'custom',
      message: '`by` needs what each of its values does, such as `list: read:crm`',
      input: written,
    });
  return last === undefined ? { by, cases: table } : { by, cases: table, otherwise: last };
});

/** `none`, or one kind with the arguments that name it. */
const resource = z
  .union([z.literal('none'), z.record(z.string(), selectors)], {
    error: '`resource` must be `none` or a kind with its arguments, such as `{ path: path }`',
  })
  .transform((written, context): BoundResource => {
    if (written === 'none') return { kind: 'none', args: [] };
    const unknown = Object.keys(written).find((kind) => !RESOURCE_KINDS.some((one) => one === kind));
    const [first, ...more] = Object.entries(written);
    if (unknown === undefined && first !== undefined && more.length === 0)
      return { kind: first[0] as BoundResource['kind'], args: first[1] };
    const message =
      unknown === undefined
        ? '`resource` takes exactly one kind; put further ones under `also`'
        : `\`${unknown}\` is no kind of resource${suggestion(unknown, RESOURCE_KINDS)}`;
    context.issues.push({ code: 'custom', message, input: written });
    return z.NEVER;
  });

const facts = z.record(z.string(), selectors).superRefine((written, context) => {
  for (const name of Object.keys(written)) {
    if (BOUND_FACTS.includes(name)) continue;
    const message = Object.hasOwn(FACTS, name)
      ? `\`${name}\` is computed by the guard; a binding gives arguments for ${BOUND_FACTS.join(' ')}, or for a name of your own`
      : /^[^.[\]\s]+$/.test(name)
        ? undefined
        : `\`${name}\` is no name for a fact; use one word, it becomes \`args.${name.replaceAll(/[.[\]\s]+/g, '_')}\``;
    if (message !== undefined) context.addIssue({ code: 'custom', message, path: [name] });
  }
});

const sensitive = words.superRefine((classes, context) => {
  for (const name of classes) {
    if (!CLASSES.includes(name.split('.')[0] ?? ''))
      context.addIssue({ code: 'custom', message: `\`${name}\` is no data class${suggestion(name, CLASSES)}` });
  }
});

const plain = z.string().regex(/^[^.[\]\s]+$/, { error: 'this must be an argument by itself' });
const sql = closed({
  statement: selector,
  dialect: z.enum(Object.keys(DIALECTS)).transform((name): SqlDialect => DIALECTS[name] ?? 'sqlite'),
  domain: z.string().regex(DOMAIN, { error: 'a domain is one word, such as `database`' }).default('database'),
  rewrite: z.boolean().exactOptional(),
  counts: closed({ tool: z.string().min(1), statement: plain }).exactOptional(),
}).superRefine((written, context) => {
  const fail = (key: string, message: string) => context.addIssue({ code: 'custom', path: [key], message });
  if (written.rewrite === true && (written.dialect === 'mssql' || /[.[\]]/.test(written.statement)))
    fail(
      'rewrite',
      'only PostgreSQL, SQLite and MySQL can be rewritten, and only where the statement is an argument by itself; leave `rewrite` off',
    );
  if (written.counts && (written.rewrite !== true || written.dialect === 'postgres'))
    fail('counts', '`counts` names the tool that reads for `rewrite: true` on SQLite and MySQL; leave it off');
});

/** One unit, and where the number stands: `affected_rows`, `data.count`, or `Affected rows: #`. */
const place = z.string().refine((text) => SELECTOR.test(text) || /^[^#]{3,}#[^#]*$/.test(text), {
  error: (issue) =>
    `\`${String(issue.input)}\` is no place in a result; write it as \`affected_rows\`, \`data.count\`, or words with the number as \`Affected rows: #\``,
});
const reports = closed({
  records: place.exactOptional(),
  files: place.exactOptional(),
  recipients: place.exactOptional(),
  events: place.exactOptional(),
  bytes: place.exactOptional(),
}).refine((written) => Object.keys(written).length === 1, {
  error: '`reports` takes one unit, such as `{ records: affected_rows }`',
});

const also = closed({ given: selector.exactOptional(), does, resource: resource.exactOptional() });
const tool = closed({
  does: z.union([z.literal('sql'), does, doesByCase], {
    error: '`does` must be `verb:domain`, `sql`, or `{ by: argument, value: verb:domain }`',
  }),
  resource: resource.exactOptional(),
  facts: facts.default({}),
  sql: sql.exactOptional(),
  also: z
    .union([z.array(also), also], {
      error: '`also` must be a list of further actions, such as `[{ does: send:invitation, resource: { address: guests } }]`',
    })
    .transform((value) => [value].flat())
    .default([]),
  reports: reports.exactOptional(),
  ignore: selectors.default([]),
  risk: z.enum(RISK_LEVELS).exactOptional(),
  sensitive: sensitive.default([]),
}).superRefine((written, context) => {
  if (written.does === 'sql' && written.sql === undefined) {
    context.addIssue({
      code: 'custom',
      path: ['does'],
      message: '`does: sql` needs to know the statement; add `sql: { statement: sql, dialect: postgres }`',
    });
  }
  if (written.sql !== undefined && written.does !== 'sql') {
    context.addIssue({
      code: 'custom',
      path: ['sql'],
      message: 'the statement is only read where the tool says `does: sql`; write that, or leave `sql` off',
    });
  }
});

const root = z.union([z.string().min(1), closed({ option: z.string().min(1) }), closed({ argument: z.int().nonnegative() })], {
  error: '`root` must be a folder, `{ option: --root }` or `{ argument: 0 }`',
});
const domainName = z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)*$/i, {
  error: (issue) => `\`${String(issue.input)}\` is no domain; write it as \`acme.example\``,
});
/** Everybody under a public suffix would be one of us. */
const ownDomain = domainName.refine((domain) => !isPublicSuffix(domain), {
  error: (issue) =>
    `anybody can register a name below \`${String(issue.input)}\`, so it is nobody's own; write it as \`acme.example\``,
});

const bindingSchema = closed({
  version: z.literal(1).exactOptional(),
  server: words.exactOptional(),
  package: words.exactOptional(),
  bundled: z.enum(['calendar', 'email', 'files', 'database', 'database-postgres']).exactOptional(),
  root: root.exactOptional(),
  paths: closed({
    os: z.enum(['posix', 'windows']).exactOptional(),
    case: z.enum(['sensitive', 'insensitive']).exactOptional(),
  }).exactOptional(),
  own: closed({ domains: z.array(ownDomain) }).exactOptional(),
  tools: z.record(z.string(), tool).default({}),
  resources: z
    .record(z.string(), closed({ does, resource: resource.exactOptional(), sensitive: sensitive.default([]) }))
    .default({}),
}).superRefine((written, context) => {
  if (written.server ?? written.package ?? written.bundled) return;
  context.addIssue({
    code: 'custom',
    message: 'this binding does not say whose tools it describes; add `server: <its name in mcp.json>` or `package: …`',
  });
});

/** Reads the one binding of a document, or each of a list. */
export function readBindings(source: Source, paths: Binding['paths']): { bindings: Binding[]; problems: Problem[] } {
  if (!Array.isArray(source.value)) return readOne(source, paths);
  const parts = source.value.map((_value, index) => readOne(partOf(source, [index]), paths));
  return { bindings: parts.flatMap((part) => part.bindings), problems: parts.flatMap((part) => part.problems) };
}

function readOne(source: Source, paths: Binding['paths']): { bindings: Binding[]; problems: Problem[] } {
  const { value, problems } = check(bindingSchema, source);
  if (value === undefined) return { bindings: [], problems };
  const binding: Binding = {
    servers: value.server ?? [],
    packages: value.package ?? [],
    ...(value.bundled === undefined ? {} : { bundled: value.bundled }),
    ...(value.root === undefined ? {} : { root: value.root }),
    paths: { ...paths, ...value.paths },
    own: { domains: (value.own?.domains ?? []).map((domain) => domain.toLowerCase()) },
    tools: Object.fromEntries(
      Object.entries(value.tools).map(([name, written]) => [name, { ...written, where: source.at(['tools', name]) }]),
    ),
    resources: value.resources,
    where: source.at([]),
  };
  return { bindings: [binding], problems: [] };
}
