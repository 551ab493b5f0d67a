import { mkdtempSync, rmSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { PlannedResource } from "./planDocument.ts";

/**
 * Where the resources of a plan wait until they are shown, since those of many clusters are more than memory should
 * hold: a file for each stack and cluster, for this user alone. Resources are written as they are shown, so without
 * secrets.
 */
export class Spool {
  /** The folder on disk. */
  readonly folder: string;
  readonly #atExit = (): void => this.remove();

  constructor(folder: string) {
    this.folder = folder;
  }

  /** A new spool, which is removed when this process ends, or before. */
  static create(): Spool {
    const spool = new Spool(mkdtempSync(join(tmpdir(), "serin-plan-")));
    process.once("exit", spool.#atExit);
    return spool;
  }

  /** Writes the resources of a stack on a cluster. */
  async put(stack: string, cluster: string, resources: readonly PlannedResource[]): Promise<void> {
    await writeFile(this.#file(stack, cluster), JSON.stringify(resources), { mode: 0o600 });
  }

  /** Reads them again. */
  async get(stack: string, cluster: string): Promise<readonly PlannedResource[]> {
    return JSON.parse(await readFile(this.#file(stack, cluster), "utf8"));
  }

  /** Removes the folder. */
  remove(): void {
    process.off("exit", this.#atExit);
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** Names of stacks and clusters are DNS labels. */
  #file(stack: string, cluster: string): string {
    return join(this.folder, `${stack}.${cluster}.json`);
  }
}
