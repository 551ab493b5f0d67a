import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "./environmentRuns.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** `serin dev fraud` on a copy of version 1, as a person starts it. */
export class DevRun {
  /** The repository that is edited. */
  readonly folder = mkdtempSync(join(tmpdir(), "serin-edited-"));
  /** What it has printed. */
  said = "";
  readonly #before = leftBehind();
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown[]>;

  constructor(options: readonly string[] = []) {
    cpSync(join(root, "stacks/models/repository/fraud/1"), this.folder, { recursive: true });
    this.#child = spawn(
      process.execPath,
      [join(root, "bin/serin.js"), "dev", "fraud", "--folder", this.folder, ...options],
      { cwd: root, stdio: ["ignore", "pipe", "pipe"] },
    );
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        this.said += chunk.toString();
      });
    }
    this.#ended = once(this.#child, "exit");
  }

  /** Waits until it has printed this after what it has printed before; gives what it has printed since. */
  async says(pattern: RegExp, since = 0, timeoutMs = 60_000): Promise<string> {
    return eventually(async () => {
      const text = this.said.slice(since);
      if (!pattern.test(text)) throw new Error(`"${pattern}" was not said:\n${this.said}`);
      return text;
    }, timeoutMs);
  }

  /** Changes model.py and saves it. */
  save(change: (text: string) => string): void {
    const file = join(this.folder, "fraud/1/model.py");
    writeFileSync(file, change(readFileSync(file, "utf8")));
  }

  /** One request, to whatever save answers; its version in Triton is the save. */
  async infer(): Promise<{ status: number; save: string; score: number }> {
    const url = /url\s+(http\S+)/.exec(this.said)?.[1] ?? "";
    const response = await fetch(url, {
      method: "POST",
      body: JSON.stringify({ inputs: [{ name: "x", datatype: "FP32", shape: [1, 8], data: Array(8).fill(0) }] }),
    });
    const answer = (await response.json()) as { model_version?: string; outputs?: { data: number[] }[] };
    return {
      status: response.status,
      save: answer.model_version ?? "",
      score: answer.outputs?.[0]?.data[0] ?? Number.NaN,
    };
  }

  /** The Triton process of this run. */
  triton(): number {
    for (const entry of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        const { 3: parent } = readFileSync(`/proc/${entry}/stat`, "utf8")
          .replace(/\(.*\)/, "x")
          .split(" ");
        const name = readFileSync(`/proc/${entry}/comm`, "utf8").trim();
        if (name === "tritonserver" && Number(parent) === this.#child.pid) return Number(entry);
      } catch {
        // It has ended meanwhile.
      }
    }
    throw new Error("Triton does not run.");
  }

  /** Ctrl-C; the exit code. */
  async interrupt(): Promise<number | null> {
    this.#child.kill("SIGINT");
    const [code] = (await this.#ended) as [number | null];
    return code;
  }

  /** Folders and shared memory that are there since it began and were not before. */
  left(): string[] {
    const before = new Set(this.#before);
    return leftBehind().filter((path) => !before.has(path));
  }

  /** Ends it, if it runs, and removes the edited folder. */
  async dispose(): Promise<void> {
    if (this.#child.exitCode === null) await this.interrupt();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function leftBehind(): string[] {
  const named = (folder: string, pattern: RegExp) =>
    readdirSync(folder)
      .filter((name) => pattern.test(name))
      .map((name) => join(folder, name));
  return [...named(tmpdir(), /^serin-dev-/), ...named("/tmp", /^python_env_/), ...named("/dev/shm", /^serin-/)];
}
