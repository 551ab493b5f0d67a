import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/** A log file that never grows past `maxBytes`: the full one is kept once as `<file>.1`. */
export class BoundedLog {
  readonly file: string;
  readonly #maxBytes: number;
  #descriptor: number;
  #size: number;

  /** `maxBytes` is 4 MiB unless told: two files of it hold hours of a control plane's log. */
  constructor(file: string, maxBytes = 4 * 1024 * 1024) {
    mkdirSync(dirname(file), { recursive: true });
    this.file = file;
    this.#maxBytes = maxBytes;
    this.#descriptor = openSync(file, "a", 0o600);
    this.#size = fstatSync(this.#descriptor).size;
  }

  /** Never throws: a full disk must not take down the process whose log it is. */
  write(chunk: Buffer | string): void {
    const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
    try {
      if (this.#size > 0 && this.#size + bytes.length > this.#maxBytes) this.#rotate();
      const kept = bytes.subarray(0, this.#maxBytes);
      writeSync(this.#descriptor, kept);
      this.#size += kept.length;
    } catch {
      // Nowhere to report it to.
    }
  }

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
