import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { moduleUrl } from "../components/core/moduleUrl.ts";
import { type ExitCode, exitCodes, type Problem, ProblemError } from "../components/core/problem.ts";
import type { Environment } from "../stacks/environments/environment.ts";
import type { ClusterPlan, PlanSettings } from "./clusterPlans.ts";
import { configuredSecrets, masking } from "./secretTexts.ts";
import { smallProcess } from "./smallProcess.ts";
import type { Spool } from "./spool.ts";

/** The first message to a worker. */
export interface Job {
  /** What is planned. */
  readonly environment: Environment;
  /** The folder of the spool, where workers put the resources. */
  readonly folder: string;
  /** What the plan is made with. */
  readonly settings: PlanSettings;
}

/** The other messages to a worker. */
export interface Assignment {
  /** The next cluster to plan. Absent: there are no more. */
  readonly cluster?: string;
}

/** A message from a worker: the plan of a cluster, or why it has ended. */
export type FromWorker = { readonly planned: ClusterPlan } | { readonly failed: Failure };

/** The parts of an error that can be sent between processes: of a `ProblemError`, or of any other. */
export type Failure =
  | {
      /** As `ProblemError.subject`. */
      readonly subject: string;
      /** As `ProblemError.problems`. */
      readonly problems: readonly Problem[];
      /** As `ProblemError.exitCode`. */
      readonly exitCode: ExitCode;
    }
  | {
      /** As `Error.message`. */
      readonly message: string;
      /** As `Error.stack`. */
      readonly stack: string;
    };

/** How clusters are planned in several processes. */
export interface WorkerOptions extends PlanSettings {
  /** The number of processes, at least 1. */
  readonly processes: number;
  /** Takes the resources. */
  readonly spool: Spool;
  /** Ends all processes with its reason. */
  readonly signal: AbortSignal;
  /** Module that each process runs. @default `planWorker.ts` */
  readonly entry?: URL;
}

/** How many clusters a worker has at a time: the policies check one while the next is recorded. */
const clustersAtOnce = 2;

/** What is kept of what a worker writes to stderr, for the error message. */
const keptErrorCharacters = 2_000;

/**
 * Plans the clusters of an environment in several processes, each taking the next cluster when it has room for one. The
 * plans come in any order.
 *
 * @throws the first error of any of them; then all of them end.
 */
export async function planInWorkers(
  environment: Environment,
  { processes, spool, signal, entry = moduleUrl("./planWorker", import.meta.url), ...settings }: WorkerOptions,
): Promise<ClusterPlan[]> {
  signal.throwIfAborted();
  const waiting = Object.keys(environment.clusters);
  const job = { environment, folder: spool.folder, settings };
  const workers = Array.from({ length: processes }, () => new PlanWorker(entry, job));
  const interrupted = Promise.withResolvers<never>();
  const interrupt = (): void => interrupted.reject(signal.reason);
  signal.addEventListener("abort", interrupt, { once: true });
  try {
    const plans = Promise.all(workers.map((worker) => worker.plan(() => waiting.shift())));
    return (await Promise.race([plans, interrupted.promise])).flat();
  } finally {
    signal.removeEventListener("abort", interrupt);
    await Promise.all(workers.map((worker) => worker.end()));
  }
}

class PlanWorker {
  readonly #process: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #environment: string;
  readonly #mask: (message: string) => string;
  #errors = "";

  constructor(entry: URL, job: Job) {
    this.#environment = job.environment.name;
    this.#mask = masking(configuredSecrets(job.settings.config ?? {}));
    this.#process = fork(fileURLToPath(entry), {
      ...smallProcess,
      execArgv: [...smallProcess.execArgv],
      serialization: "advanced",
      // What a program prints must not mix with the plan.
      stdio: ["ignore", 2, "pipe", "ipc"],
      // Ctrl-C is for this process to handle: it ends the workers, and they their policy packs.
      detached: true,
    });
    this.#exited = once(this.#process, "close").catch(() => undefined);
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-keptErrorCharacters);
    });
    this.#send(job);
  }

  /** Plans what `next` gives until it gives no more. */
  plan(next: () => string | undefined): Promise<ClusterPlan[]> {
    const plans: ClusterPlan[] = [];
    const underWay: string[] = [];
    const { promise, resolve, reject } = Promise.withResolvers<ClusterPlan[]>();
    const assign = (): void => {
      const cluster = next();
      if (cluster !== undefined) underWay.push(cluster);
      this.#send(cluster === undefined ? {} : { cluster });
    };
    this.#process.on("message", (message: FromWorker) => {
      if ("failed" in message) return reject(errorOf(message.failed));
      plans.push(message.planned);
      underWay.splice(underWay.indexOf(message.planned.cluster), 1);
      assign();
      if (underWay.length === 0) resolve(plans);
    });
    this.#process.once("error", reject);
    this.#process.once("close", (code, signal) => reject(this.#ended(signal ?? `code ${code}`, underWay)));
    for (let count = 0; count < clustersAtOnce; count += 1) assign();
    if (underWay.length === 0) resolve(plans);
    return promise;
  }

  /** It has nothing to save, and its policy pack ends with it. */
  async end(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#exited;
  }

  #send(message: Job | Assignment): void {
    // A worker that is gone has said so by its end.
    this.#process.send(message, () => undefined);
  }

  #ended(how: string, underWay: readonly string[]): ProblemError {
    return new ProblemError(
      `Environment "${this.#environment}" could not be planned`,
      [
        {
          path: underWay.map((cluster) => `clusters["${cluster}"]`).join(", "),
          reason: this.#mask(`the process that planned it ended with ${how}.\n${this.#errors}`.trimEnd()),
        },
      ],
      exitCodes.unavailable,
    );
  }
}

function errorOf(failure: Failure): Error {
  if ("subject" in failure) return new ProblemError(failure.subject, failure.problems, failure.exitCode);
  const error = new Error(failure.message);
  error.stack = failure.stack;
  return error;
}
