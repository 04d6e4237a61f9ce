// Which field of an event is of which class; a field that isn't here is sensitive.

/** How a field is stored: as it is, as a resource, masked, as a keyed hash; `facts` have their own table. */
export type MaskedClass = 'public' | 'resource' | 'prose';
export type TextClass = 'id' | MaskedClass;
export type FieldClass = TextClass | 'facts' | 'sensitive';

/** Every field the guard writes. Keep docs/audit.md in step. */
export const FIELDS: ReadonlyMap<string, FieldClass> = new Map([
  ...classed(
    'id',
    'type agent_id session_id user policy_digest args_digest approver request_id grant_id call_id expires_at digest definition_digest',
  ),
  ...classed('id', 'key origin sha256 root note connection_id opened_at created_at newest digests'),
  ...classed(
    'public',
    'server tool budget remaining conditions decision rule rules where failed risk granted_by channel proof passkey user_present',
  ),
  ...classed(
    'public',
    'outcome records duration_us role how state by client version era method minutes uses count bytes size segment torn unit',
  ),
  ...classed(
    'public',
    'measured actual claimed strength spent exact once tools accepted_damage damage checkpoint_every copy_problem events survive_restart first last terms traits situation',
  ),
  ...classed('resource', 'action resource actions scope per_resource'),
  ...classed('prose', 'justification why message reason problem filter request'),
  ...classed('facts', 'facts'),
]);

/** Facts whose words come from structure, not from content. Numbers and booleans of any fact but an argument's are kept. */
export const OPEN_FACTS: ReadonlySet<string> = new Set(
  [
    'path paths attachments.paths recipients.domains attendees.domains sql.kind sql.statements sql.tables sql.columns',
    'url.scheme url.host url.path data.classes destination unit impact_strength',
  ]
    .join(' ')
    .split(' '),
);

/** What no two events share: not worth remembering. */
export const NEVER_TWICE: ReadonlySet<string> = new Set(['situation']);

/** Names that are put together of words, as schemas and bindings have them. */
export const FACT_NAME = /^[\p{L}_$][\p{L}\p{N}_$.[\]-]{0,79}$/u;

export const SECRET_NAME =
  /(?:^|[._-])(?:pass(?:word|phrase|wd|code)?|pwd|secret|token|authorization|cookie|credentials?|(?:api|access|private|secret|client)[._-]?(?:key|secret))s?$/i;

function classed(kind: FieldClass, names: string): [string, FieldClass][] {
  return names.split(' ').map((name) => [name, kind]);
}
