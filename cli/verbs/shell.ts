import { type Readable, Writable } from "node:stream";
import type { ExitCode } from "../../components/core/problem.ts";
import { rejectProblems } from "../../components/core/problem.ts";
import { execInPod } from "../../engine/kubernetes/podExec.ts";
import { type PodOptions, podTarget, targetResult, targetText } from "../podTarget.ts";
import { printable } from "../printable.ts";
import type { Answer, Invocation } from "../run.ts";

/** Where the input of a shell comes from and its output goes. */
export interface ShellStreams {
  /** The input. */
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  /** The output. */
  readonly stdout: Writable & { readonly isTTY?: boolean };
  /** The messages of the program, and ours. */
  readonly stderr: Writable;
}

/**
 * `serin shell`: runs a shell, or a program, in a pod of a model. It gets a terminal if there is one here. The exit
 * code is that of the program. With `--json` the document has what a program without input writes.
 *
 * @throws ProblemError for wrong input, a pod that is not there or does not run, a program that cannot be started
 */
export async function shell(
  model: string,
  command: readonly string[],
  options: PodOptions,
  { signal, json }: Invocation,
  streams: ShellStreams = process,
): Promise<Answer> {
  rejectProblems(
    "No shell was started",
    json && command.length === 0
      ? [{ path: "--json", reason: "a shell writes no document.", fix: "Name a program: -- ls" }]
      : [],
  );
  const target = await podTarget(model, options, "process", signal);
  const { site, chosen, container } = target;
  const { stdin, stdout, stderr } = streams;
  const where = { namespace: site.namespace, pod: chosen.name, container };
  if (json) {
    const [out, err] = [new Collected(), new Collected()];
    const how = { command, stdout: out, stderr: err, tty: false, signal };
    const exitCode = await execInPod(site.view.client, where, how);
    const result = { ...targetResult(target), model, command, exitCode, stdout: out.text, stderr: err.text };
    return { result, exitCode: exitCode as ExitCode };
  }
  const tty = stdin.isTTY === true && stdout.isTTY === true;
  if (tty || command.length === 0) stderr.write(`${printable(targetText(target))}\n`);
  if (tty) stdin.setRawMode?.(true);
  try {
    const how = { command: command.length === 0 ? anyShell : command, stdin, stdout, stderr, tty, signal };
    const exitCode = await execInPod(site.view.client, where, how);
    return { result: { exitCode }, exitCode: exitCode as ExitCode };
  } finally {
    if (tty) stdin.setRawMode?.(false);
    // A terminal that is read would keep this process.
    stdin.pause();
  }
}

/** A stream that keeps what is written to it. */
class Collected extends Writable {
  readonly #chunks: Buffer[] = [];

  /** What has been written. */
  get text(): string {
    return Buffer.concat(this.#chunks).toString();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }
}

/** bash where the image has it, else sh. */
const anyShell = ["sh", "-c", "command -v bash >/dev/null && exec bash || exec sh"];
