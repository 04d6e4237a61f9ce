// Space kept free for the last event: on a full disk the reserve is given back, and the log can still say why it stopped.
import { randomBytes } from 'node:crypto';
import type { AuditFiles } from './files.ts';

/** Room for the last event, its checkpoint, and the note of it beside the log. */
const RESERVE_BYTES = 64 * 1024;

export class Reserve {
  readonly #files: AuditFiles;
  readonly #path: string;

  constructor(files: AuditFiles, dir: string) {
    this.#files = files;
    this.#path = `${dir}/reserve`;
  }

  /** Takes the space, when it isn't taken yet. Random bytes, since a file system may store zeros in no space at all. */
  async keep(): Promise<void> {
    const there = await this.#files.stat(this.#path);
    if (there?.size === RESERVE_BYTES) return;
    await this.#files.remove(this.#path);
    const file = await this.#files.create(this.#path);
    try {
      await file.write(randomBytes(RESERVE_BYTES));
      await file.sync();
    } finally {
      await file.close();
    }
  }

  async release(): Promise<void> {
    await this.#files.remove(this.#path);
  }
}
