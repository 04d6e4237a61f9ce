// Makes a text of the agent's safe to show: nothing in it can hide, reorder or overwrite what a person reads.

/** Controls, format and bidi characters, unassigned and private ones, lone surrogates, and blanks that are not the space. */
const UNSEEN = /[\p{C}\p{Default_Ignorable_Code_Point}\p{Zl}\p{Zp}\u2800]|[^\S ]/u;
const MARK = /\p{M}/u;
/** More marks than any language stacks on one letter. */
const MAX_MARKS = 3;
/** Letters, digits and signs of ASCII and single blanks: what is seen as it is, and most texts are no more than that. */
const PLAIN = /^(?:[!-~]| (?! ))*$/;
const WORD = /[\p{L}\p{M}]+/gu;
const LATIN = /\p{sc=Latn}/u;
/** Letters of scripts that look like Latin (UTS 39, "Mixed-Script Detection"). */
const ALIKE = /[\p{sc=Cyrl}\p{sc=Grek}\p{sc=Armn}\p{sc=Cher}\p{sc=Copt}]/gu;
/** A longer run of one sign is counted instead of drawn. */
const MAX_RUN = 3;

/**
 * One line: line breaks as `⏎`, what can't be seen as `\u{202e}`, a letter of another script in a word of Latin ones as `\u{430}`, runs as
 * `\u{200b}×2000` and `␣×200`. At most `max` characters
 * (code points) of it, then `…(+N)` with the number of characters of the text that are left out.
 */
export function visible(text: string, max: number): string {
  if (text.length <= max && PLAIN.test(text)) return text;
  let shown = '';
  let length = 0;
  let marks = 0;
  const characters = unmixed(text.replace(/\r\n/g, '\n'))[Symbol.iterator]();
  let next = characters.next();
  while (!next.done) {
    const character: string = next.value;
    marks = MARK.test(character) ? marks + 1 : 0;
    let run = 0;
    do {
      run += 1;
      next = characters.next();
    } while (!next.done && next.value === character);
    const piece = pieceFor(character, run, marks > MAX_MARKS);
    const size = [...piece].length;
    if (length + size > max) {
      // of a run that is drawn as it is, the part that fits is shown
      const fits = piece === character.repeat(run) ? max - length : 0;
      let left = run - fits;
      for (; !next.done; next = characters.next()) left += 1;
      return `${shown}${character.repeat(fits)}…(+${left})`;
    }
    shown += piece;
    length += size;
  }
  return shown;
}

/** In a word of Latin letters, those that only look like them are named. */
function unmixed(text: string): string {
  if (text.search(ALIKE) < 0) return text;
  return text.replace(WORD, (word) => (LATIN.test(word) ? word.replace(ALIKE, named) : word));
}

const named = (character: string): string => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

function pieceFor(character: string, run: number, piled: boolean): string {
  const repeated = (sign: string) => (run > 1 ? `${sign}×${run}` : sign);
  if (character === '\n') return repeated('⏎');
  if (UNSEEN.test(character) || piled || (MARK.test(character) && run > MAX_RUN)) return repeated(named(character));
  if (character === ' ') return run > MAX_RUN ? `␣×${run}` : ' '.repeat(run);
  return character.repeat(run);
}
