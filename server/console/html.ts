// The one door to HTML: templates that escape whatever is put into them, and texts of the agent made safe to look at.
import { html as template } from 'hono/html';
import { visible } from '../../policies/values/visible.ts';

/** Markup that is safe to put into other markup. */
export type Html = { readonly isEscaped: true; toString(): string };
/** What may stand in a template: markup as it is, texts escaped, nothing for false and undefined. */
export type Content = Html | string | number | boolean | null | undefined | readonly Content[];

/** A template whose values are escaped. Values stand in text or in quoted attributes, never anywhere else. */
export const html = (parts: TemplateStringsArray, ...values: Content[]): Html => template(parts, ...values) as Html;

/** A text that came from an agent, a call or a server, on one line: nothing in it can hide, reorder or run. */
export const said = (text: string, max = 200): string => visible(text, max);

/** `1 record`, `23 records`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** A time as people read it, with what a script needs to tell how long it is off. `iso` is ISO 8601. */
export function time(iso: string, zone: string, how: 'time' | 'day' = 'time'): Html {
  const shown = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hour: '2-digit',
    minute: '2-digit',
    ...(how === 'day' ? { day: 'numeric', month: 'short' } : { second: '2-digit' }),
  }).format(Date.parse(iso));
  return html`<time datetime="${iso}">${shown}</time>`;
}
