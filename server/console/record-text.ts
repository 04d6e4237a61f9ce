// A stored record as JSON for people: still JSON, and nothing in it can hide, reorder or pile up.

/** Controls, format and bidi characters, private and unassigned ones, blanks that are not the space, and marks that draw over their neighbours. */
const UNSEEN = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\p{M}\u2800]|[^\S \n]/gu;

/** Indented. What can't be seen is written as JSON's own `\u202e`, so that it reads as it would parse. */
export function recordText(record: object): string {
  return JSON.stringify(record, null, 2).replace(UNSEEN, (character) => (character === '\n' ? character : escaped(character)));
}

function escaped(character: string): string {
  let text = '';
  for (let at = 0; at < character.length; at += 1) text += `\\u${character.charCodeAt(at).toString(16).padStart(4, '0')}`;
  return text;
}
