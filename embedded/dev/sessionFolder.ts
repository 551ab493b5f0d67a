import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { removeSharedMemory } from "../nodeAgent/tritonProcess.ts";
import { claim } from "../process/claim.ts";

const prefix = "serin-dev-";

/** The folder of one session of `serin dev`. */
export interface SessionFolder {
  /** Its path, below the system's folder for temporary files. */
  readonly path: string;
  /** The prefix of the names of shared memory of its models. */
  readonly sharedMemoryPrefix: string;
  /** Removes it with everything in it, and the shared memory. */
  remove(): Promise<void>;
}

/** Makes a folder for a session, and removes those that sessions left which were killed. */
export async function makeSessionFolder(parent: string = tmpdir()): Promise<SessionFolder> {
  for (const name of readdirSync(parent)) if (name.startsWith(prefix)) await removeAbandoned(join(parent, name));
  const path = mkdtempSync(join(parent, prefix));
  const held = await claim(claimName(path));
  return {
    path,
    sharedMemoryPrefix: sharedMemoryOf(path),
    async remove() {
      removeAll(path);
      await held?.release();
    },
  };
}

async function removeAbandoned(path: string): Promise<void> {
  try {
    const { uid, birthtimeMs } = statSync(path);
    // One that was just made may not be claimed yet.
    if (uid !== process.getuid?.() || Date.now() - birthtimeMs < 5_000) return;
    const held = await claim(claimName(path));
    if (held === undefined) return;
    removeAll(path);
    await held.release();
  } catch {
    // Another session has removed it meanwhile.
  }
}

function removeAll(path: string): void {
  removeSharedMemory(sharedMemoryOf(path));
  rmSync(path, { recursive: true, force: true, maxRetries: 3 });
}

function claimName(path: string): string {
  return `dev ${path}`;
}

function sharedMemoryOf(path: string): string {
  return `serin-${createHash("sha256").update(path).digest("hex").slice(0, 8)}-`;
}
