import type { Readable, Writable } from "node:stream";
import { Exec, type V1Status } from "@kubernetes/client-node";
import { exitCodes, ProblemError } from "../../components/core/problem.ts";
import type { KubernetesClient } from "./kubernetesClient.ts";
import type { ContainerOf } from "./podLog.ts";

/** What is run in a container, and where its input comes from and its output goes. */
export interface ExecOptions {
  /** The program and its arguments, at least the program. */
  readonly command: readonly string[];
  /** Its input. @default none */
  readonly stdin?: Readable;
  /** Its output. With `tty`, the size of a terminal here is passed on. It is ended, unless it is standard output. */
  readonly stdout: Writable;
  /** Its messages; with `tty` there are none apart. It is ended, unless it is standard error. */
  readonly stderr: Writable;
  /** Whether it gets a terminal. */
  readonly tty: boolean;
  /** Ends the connection, and with it the program if it reads or writes. */
  readonly signal: AbortSignal;
}

/**
 * Runs a program in a container and returns its exit code.
 *
 * @throws ProblemError if the program cannot be started there or the connection ends before the program
 */
export async function execInPod(
  { kubeconfig }: KubernetesClient,
  { namespace, pod, container }: ContainerOf,
  { command, stdin, stdout, stderr, tty, signal }: ExecOptions,
): Promise<number> {
  let ended: V1Status | undefined;
  const connection = await new Exec(kubeconfig)
    .exec(
      namespace,
      pod,
      container,
      [...command],
      stdout,
      tty ? null : stderr,
      stdin ?? null,
      tty,
      (status) => (ended = status),
    )
    .catch((error: unknown) => {
      throw execProblem(pod, messageOf(error));
    });
  await new Promise<void>((resolve) => {
    const close = () => connection.close();
    connection.on("close", () => {
      signal.removeEventListener("abort", close);
      resolve();
    });
    if (signal.aborted) close();
    else signal.addEventListener("abort", close, { once: true });
  });
  signal.throwIfAborted();
  if (ended === undefined) throw execProblem(pod, "the connection ended before the program did.");
  if (ended.status === "Success") return 0;
  const exitCode = ended.details?.causes?.find(({ reason }) => reason === "ExitCode")?.message;
  if (exitCode !== undefined) return Number(exitCode);
  throw execProblem(pod, ended.message ?? "it gives no reason.");
}

function execProblem(pod: string, reason: string): ProblemError {
  return new ProblemError(
    "The program cannot be run in the pod",
    [{ path: `pod ${pod}`, reason }],
    exitCodes.unavailable,
  );
}

/** What the library rejects with is an event of a web socket, with the error in it. */
export function messageOf(error: unknown): string {
  const { message = String(error) } = (error ?? {}) as { readonly message?: string };
  return message;
}
