import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { ProblemError } from "../../components/core/problem.ts";
import { smallProcess } from "../smallProcess.ts";

/** Ends the pack when its standard input closes, which it does even when this process is killed outright. */
const endWithParent = `data:text/javascript,process.stdin.on("end",()=>process.exit()).resume()`;

/** What is kept of what the pack writes to stderr, for the error message. */
const keptErrorCharacters = 4_000;

/** A policy pack running in a process of its own. */
export class PolicyProcess {
  /** The loopback port the pack answers on. Rejects with a ProblemError when the pack does not start. */
  readonly port: Promise<number>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #exited: Promise<unknown>;
  #errors = "";

  /**
   * Starts the pack as the engine does: its folder is the working directory, and the first line it prints is its port.
   */
  constructor(directory: string, timeoutMs: number) {
    this.#child = spawn(process.execPath, [...smallProcess.execArgv, "--import", endWithParent, "."], {
      cwd: directory,
      env: smallProcess.env,
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.#exited = once(this.#child, "exit").catch(() => undefined);
    this.#child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-keptErrorCharacters);
    });
    this.port = this.#readPort(directory, timeoutMs);
    this.port.catch(() => this.stop());
  }

  /** The id of the process; undefined when it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends the process; it has nothing to save. */
  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#exited;
  }

  async #readPort(directory: string, timeoutMs: number): Promise<number> {
    let timer: NodeJS.Timeout | undefined;
    try {
      return await new Promise<number>((resolve, reject) => {
        const fail = (what: string) => {
          const reason = `${what}\n${this.#errors}`.trim();
          reject(new ProblemError("The policy pack did not start", [{ path: directory, reason }]));
        };
        timer = setTimeout(() => fail(`it printed no port within ${timeoutMs / 1000} s.`), timeoutMs);
        this.#child.once("error", (error) => fail(`${error.message}.`));
        // `close` comes after the last of what the pack has said.
        this.#child.once("close", () => fail("it ended before it printed its port."));
        createInterface({ input: this.#child.stdout }).once("line", (line) => {
          if (/^\d+$/.test(line)) resolve(Number(line));
          else fail(`it printed "${line}" before its port.`);
        });
      });
    } finally {
      clearTimeout(timer);
    }
  }
}
