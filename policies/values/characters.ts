// Which characters can't be seen, or change how the others are seen: one definition for all readings of values.

/** Nothing is drawn for these: Unicode's default ignorables and format characters (bidi marks, tags, joiners), and the braille blank. */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}\u2800]/u;
const ALL_INVISIBLE = new RegExp(INVISIBLE.source, 'gu');
const CONTROL = /[\p{Cc}\u2028\u2029]/u;

/** The text without characters that draw nothing. */
export function withoutInvisible(text: string): string {
  return text.replace(ALL_INVISIBLE, '');
}

export function hasInvisible(text: string): boolean {
  return INVISIBLE.test(text);
}

/** Whether the text has a control character (line breaks and tabs are some) or half of a surrogate pair. */
export function hasControl(text: string): boolean {
  return CONTROL.test(text) || !text.isWellFormed();
}

/** One spelling for all letter cases, whatever the language: upper case first, so that `ſ` is `s` and `ß` is `ss`. */
export function foldCase(text: string): string {
  return text.toUpperCase().toLowerCase();
}
