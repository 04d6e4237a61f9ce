// Whose signatures count: the keys that were given, and those that a log names under a key that counted before.
import { checkNote, parseVerifier, type SignedNote, type Verifier } from './checkpoint.ts';

export class Signatures {
  #verifiers: Verifier[] = [];
  /** Notes beside the log, to be checked when all keys are known. */
  readonly awaited: { note: SignedNote; from: string }[] = [];
  /** Keys that were replaced, with the number of records until then. */
  readonly #replaced = new Map<string, number>();

  /** Without any key nothing is checked, and the caller says so. */
  get canCheck(): boolean {
    return this.#verifiers.length > 0;
  }

  trust(verifiers: readonly Verifier[]): void {
    this.#verifiers.push(...verifiers);
  }

  await(note: SignedNote, from: string): void {
    this.awaited.push({ note, from });
  }

  /** What is wrong with a note's signature, if anything. */
  problem(note: SignedNote): string | undefined {
    if (!this.canCheck) return undefined;
    const good = checkNote(note, this.#verifiers);
    if (good) return undefined;
    return good === false ? 'has a wrong signature' : 'is signed with another key';
  }

  /** Trusts the key that a good note of the present one names. False when there is nothing to trust. */
  follow(note: SignedNote, line: string): boolean {
    const verifier = parseVerifier(line);
    if (!verifier || !this.canCheck || this.problem(note) !== undefined || verifier.origin !== note.origin) return false;
    this.#replaced.set(note.key, note.size);
    this.#verifiers.push(verifier);
    return true;
  }

  /** Notes of a key that had been replaced before: a guard killed while it changed keys leaves such, or somebody has the old key. */
  stale(): string[] {
    return this.awaited.flatMap(({ note, from }) => {
      const until = this.#replaced.get(note.key);
      if (until === undefined || note.size <= until) return [];
      return [`the note for ${note.size} records in ${from} is signed with a key that was replaced after record ${until}`];
    });
  }
}
