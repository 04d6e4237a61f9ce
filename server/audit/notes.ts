// A file of signed notes beside the log: checkpoints, tombstones, or the copy of the checkpoints in a second place.
import { dirname } from 'node:path';
import { parseNotes, type SignedNote } from './checkpoint.ts';
import { type AuditFiles, readText } from './files.ts';

/** A file of signed notes with an empty line after each: `<dir>/checkpoints.txt`, or the copy in a second place. */
export class NoteFile {
  readonly #files: AuditFiles;
  readonly #path: string;

  constructor(files: AuditFiles, path: string) {
    this.#files = files;
    this.#path = path;
  }

  /** Adds a note and resolves when it is on disk. */
  async add(note: string): Promise<void> {
    const exists = (await this.#files.stat(this.#path)) !== undefined;
    const file = exists ? await this.#files.append(this.#path) : await this.#files.create(this.#path);
    try {
      await file.write(Buffer.from(`${note}\n`));
      await file.sync();
    } finally {
      await file.close();
    }
    if (!exists) await this.#files.syncDir(dirname(this.#path));
  }

  /** The notes that are there. Takes away what a killed writer left of one. */
  async repair(): Promise<SignedNote[]> {
    const text = await readText(this.#files, this.#path);
    if (text === undefined) return [];
    const { notes, torn } = parseNotes(text);
    if (torn > 0) {
      const file = await this.#files.append(this.#path);
      try {
        await file.truncate(Buffer.byteLength(text) - torn);
        await file.sync();
      } finally {
        await file.close();
      }
    }
    return notes;
  }
}

/** The number of records that the newest of these notes speaks of, 0 without one. */
export function newestSize(notes: readonly SignedNote[]): number {
  return notes.reduce((newest, note) => Math.max(newest, note.size), 0);
}
