// The facts a `when` can use: their type, and the operators that make sense on each. One line adds a fact.
import type { Operator } from './types.ts';

export type FactType = 'number' | 'string' | 'list' | 'text' | 'path' | 'host' | 'any';
const EQUALITY: readonly Operator[] = ['equals', 'in', 'not_in'];
const OPERATORS_BY_TYPE: Record<FactType, readonly Operator[]> = {
  number: [...EQUALITY, 'below', 'at_most', 'above', 'at_least'],
  string: [...EQUALITY, 'any_of', 'none_of', 'only'],
  list: [...EQUALITY, 'any_of', 'none_of', 'only'],
  text: ['any_of', 'none_of'],
  path: [...EQUALITY, 'any_of', 'none_of', 'only', 'within'],
  host: [...EQUALITY, 'any_of', 'none_of', 'only', 'within'],
  any: [...EQUALITY, 'below', 'at_most', 'above', 'at_least', 'any_of', 'none_of', 'only', 'within'],
};

export type FactInfo = {
  type: FactType /** Known only after the guard measured the call's impact. */;
  measured?: true;
  what: string;
};
export const FACTS: Record<string, FactInfo> = {
  args: { type: 'list', what: 'names of the arguments given (null and empty ones are not)' },
  path: { type: 'path', what: 'canonical path of the call, or all of them' },
  paths: { type: 'path', what: 'all canonical paths of the call' },
  'body.words': { type: 'number', what: 'words in the text that would be written or sent' },
  'body.mentions': { type: 'text', what: 'whole words and phrases in that text, disguises undone' },
  'body.contains': { type: 'text', what: 'pieces of text in it, disguises undone' },
  recipients: { type: 'number', what: 'distinct mailboxes reached' },
  'recipients.domains': { type: 'host', what: 'their domains: to, cc, bcc and reply-to' },
  attachments: { type: 'number', what: 'attached files' },
  'attachments.paths': { type: 'path', what: 'their canonical paths' },
  'attendees.domains': { type: 'host', what: 'domains of the people invited' },
  events: { type: 'number', what: 'calendar events touched' },
  'sql.kind': { type: 'list', what: 'read insert update delete merge ddl role session file program procedure other' },
  'sql.statements': { type: 'number', what: 'statements in the text' },
  'sql.tables': { type: 'list', what: 'tables read or written' },
  'sql.columns': { type: 'list', what: 'columns used, as table.column or table.*' },
  records: { type: 'number', measured: true, what: 'records the call would change' },
  files: { type: 'number', measured: true, what: 'files the call would touch' },
  bytes: { type: 'number', measured: true, what: 'bytes it would write' },
  amount: { type: 'number', what: 'money it would move' },
  items: { type: 'number', what: 'length of its longest list argument' },
  'url.scheme': { type: 'string', what: 'scheme of the address' },
  'url.host': { type: 'host', what: 'host, lower case' },
  'url.port': { type: 'number', what: 'port' },
  'url.path': { type: 'string', what: 'path, dot segments resolved' },
  'url.query': { type: 'string', what: 'query text, empty when there is none' },
  'data.classes': { type: 'list', what: 'pii financial credentials health, and their kinds' },
  destination: { type: 'string', what: 'internal external unknown: the worst of recipients, hosts and paths' },
  recent: { type: 'number', what: 'how often the agent did this lately' },
};

/** What is known of a fact's name, `args.<name>` and its variants included; undefined for an unknown one. */
export function factInfo(name: string): FactInfo | undefined {
  if (Object.hasOwn(FACTS, name)) return FACTS[name];
  if (/^args\.[^.[\]]+\.length$/.test(name)) return { type: 'number', what: 'length of the argument: characters, or elements' };
  if (/^args\.[^.[\]]+(\[\])?(\.[^.[\]]+(\[\])?)*$/.test(name)) return { type: 'any', what: 'the argument itself' };
  return undefined;
}

/** The operators that a fact takes. */
export function operatorsOf(info: FactInfo): readonly Operator[] {
  return OPERATORS_BY_TYPE[info.type];
}
