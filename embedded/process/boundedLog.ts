import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** A log file that never grows past `maxBytes`. A full file is renamed to `<file>.1` and replaces the previous one. */
export class BoundedLog {
  /** The path of the log, as given to the constructor. Its directory is created. */
  readonly file: string;
  readonly #maxBytes: number;
  #descriptor: number;
  #size: number;

  /** `maxBytes` defaults to 4 MiB: two files of that size hold several hours of a control plane's log. */
  constructor(file: string, maxBytes = 4 * 1024 * 1024) {
    mkdirSync(dirname(file), { recursive: true });
    this.file = file;
    this.#maxBytes = maxBytes;
    this.#descriptor = openSync(file, "a", 0o600);
    this.#size = fstatSync(this.#descriptor).size;
  }

  /**
   * Appends to the log, and cuts a chunk that is longer than `maxBytes`. Never throws: a full disk must not end the
   * process that writes the log.
   */
  write(chunk: Buffer | string): void {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    try {
      if (this.#size > 0 && this.#size + bytes.length > this.#maxBytes) this.#rotate();
      const kept = bytes.subarray(0, this.#maxBytes);
      writeSync(this.#descriptor, kept);
      this.#size += kept.length;
    } catch {
      // The log is the only place to report an error, and the log cannot be written.
    }
  }

  /** Closes the file. A later `write` has no effect. */
  close(): void {
    closeSync(this.#descriptor);
  }

  #rotate(): void {
    renameSync(this.file, `${this.file}.1`);
    const full = this.#descriptor;
    this.#descriptor = openSync(this.file, "a", 0o600);
    closeSync(full);
    this.#size = 0;
  }
}
