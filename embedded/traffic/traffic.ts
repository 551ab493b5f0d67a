import { isIPv4 } from "node:net";
import { Worker } from "node:worker_threads";
import { moduleUrl } from "../../components/core/moduleUrl.ts";
import { type Problem, rejectProblems } from "../../components/core/problem.ts";
import type { Spacing } from "./arrivals.ts";
import type { Tally } from "./tally.ts";

/** The inference requests to send: where to, how many, how long. */
export interface TrafficArgs {
  /** The address of the gateway. Only a loopback address is accepted, so that no test traffic leaves this machine. */
  readonly address: string;
  /** The port of the gateway, 1 to 65535. */
  readonly port: number;
  /** The Host header, by which the gateway chooses the model. */
  readonly host: string;
  /** The name of the model in Triton, which is part of the request's path. */
  readonly model: string;
  /**
   * Requests per second, 0.1 to 5000. @default 200: enough for a verdict within minutes, with little load on two CPUs
   */
  readonly rate?: number;
  /** How long requests are sent, 1 to 90000000 milliseconds. @default 3600000, so that forgotten traffic ends */
  readonly durationMs?: number;
  /** The distribution of the intervals between requests. @default "poisson", as independent callers make them */
  readonly spacing?: Spacing;
  /** The same seed sends the same requests at the same intervals. @default 1 */
  readonly seed?: number;
  /** When a request without an answer is counted as an error, 1 to 60000 milliseconds. @default 10000 */
  readonly timeoutMs?: number;
  /** Answers that take longer are counted as slow, milliseconds. @default none are counted */
  readonly slowerThanMs?: number;
  /** Additional request headers, such as a token. @default none */
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON bodies of requests. @default random ones of the shape that the model's metadata say */
  readonly bodies?: readonly string[];
  /** In which order bodies are sent: in turn, or each time one by chance, as `seed` says. @default "turn" */
  readonly order?: "turn" | "random";
  /** Headers of a part of the requests, evenly spread; `share` is above 0 and at most 1. @default all are alike */
  readonly chosen?: { readonly headers: Readonly<Record<string, string>>; readonly share: number };
  /** Each request is of one of `count` users, by chance, named in a header or a cookie. @default none is named */
  readonly users?: { readonly count: number } & ({ readonly header: string } | { readonly cookie: string });
  /** Aborting it stops the sending. The answers under way are still awaited. @default only `stop` ends it early */
  readonly signal?: AbortSignal;
}

/** The counts of one second. */
export interface TrafficSample extends Tally {
  /** The number of the second, counted from 0 at the start. */
  readonly second: number;
  /** Requests without an answer at the end of the second. */
  readonly inFlight: number;
}

/** Traffic that is being sent. Iterating it yields a sample for each second. */
export interface Traffic extends AsyncIterable<TrafficSample> {
  /** The counts of the whole run, once it has ended. Rejects if no request could be sent. */
  readonly summary: Promise<Tally>;
  /** Stops the sending and resolves with the summary after the last answer. */
  stop(): Promise<Tally>;
}

/** The response headers in which the sidecars of the embedded environment name the version and the pod. */
export const servedByHeaders = { version: "x-serin-version", pod: "x-serin-pod" } as const;

/** A little more than the day that a rehearsal may take. */
const longestRunMs = 90_000_000;
const usualRunMs = 3_600_000;
const mostInFlight = 2_000;

/** The parameters of the worker thread that sends the requests, with all defaults. */
export interface TrafficJob
  extends Required<Omit<TrafficArgs, "signal" | "headers" | "bodies" | "chosen" | "users">>,
    Pick<TrafficArgs, "bodies" | "chosen" | "users"> {
  /** Request headers, without Host and Content-Type. */
  readonly headers: Readonly<Record<string, string>>;
  /** The most requests without an answer: `rate` times the timeout, at least 10 and at most 2000. */
  readonly maxInFlight: number;
}

/** A message of the worker thread: the counts of a second, the summary at the end, or why no request was sent. */
export type TrafficMessage =
  | { readonly kind: "sample"; readonly sample: TrafficSample }
  | { readonly kind: "end"; readonly summary: Tally }
  | { readonly kind: "failed"; readonly reason: string };

/**
 * Sends requests at a fixed rate from a worker thread, so that work in the caller's thread does not delay them.
 *
 * The loop is open: requests are sent on schedule even if the server is slow. At most as many requests as the rate
 * makes in one timeout are without an answer; further ones are counted as dropped.
 * @throws ProblemError with all arguments that are out of range
 */
export function startTraffic(args: TrafficArgs): Traffic {
  const { signal, ...rest } = args;
  const job = trafficJob(rest);
  const worker = new Worker(moduleUrl("./trafficWorker", import.meta.url), { workerData: job });
  const samples: TrafficSample[] = [];
  let wake: () => void = () => {};
  let ended = false;

  const summary = new Promise<Tally>((resolve, reject) => {
    worker.on("message", (message: TrafficMessage) => {
      if (message.kind === "sample") samples.push(message.sample);
      if (message.kind === "end") resolve(message.summary);
      if (message.kind === "failed") reject(new Error(message.reason));
      wake();
    });
    worker.on("error", reject);
    worker.on("exit", () => {
      ended = true;
      reject(new Error("The worker thread that sends the requests ended without a summary."));
      wake();
    });
  });
  // A caller that only iterates gets the error from the iterator; this prevents an unhandled rejection.
  summary.catch(() => {});

  const requestEnd = (): void => worker.postMessage("stop");
  if (signal?.aborted === true) requestEnd();
  signal?.addEventListener("abort", requestEnd, { once: true });
  worker.on("exit", () => signal?.removeEventListener("abort", requestEnd));

  return {
    summary,
    stop() {
      requestEnd();
      return summary;
    },
    async *[Symbol.asyncIterator]() {
      while (true) {
        const sample = samples.shift();
        if (sample !== undefined) yield sample;
        else if (ended) break;
        else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
      await summary;
    },
  };
}

function trafficJob(args: Omit<TrafficArgs, "signal">): TrafficJob {
  rejectProblems("Traffic cannot be sent", trafficProblems(args));
  const rate = args.rate ?? 200;
  const timeoutMs = args.timeoutMs ?? 10_000;
  return {
    spacing: "poisson",
    order: "turn",
    seed: 1,
    slowerThanMs: Number.POSITIVE_INFINITY,
    durationMs: usualRunMs,
    headers: {},
    ...args,
    rate,
    timeoutMs,
    maxInFlight: Math.min(mostInFlight, Math.max(10, Math.ceil((rate * timeoutMs) / 1_000))),
  };
}

/** The arguments that are out of range. */
export function trafficProblems(args: Omit<TrafficArgs, "signal">): Problem[] {
  const problems: Problem[] = [];
  const within = (path: string, value: number | undefined, min: number, max: number, unit: string): void => {
    if (value === undefined || (value >= min && value <= max)) return;
    problems.push({
      path,
      reason: `${value} ${unit} is not between ${min} and ${max}.`,
      fix: `Write a value from ${min} to ${max}.`,
    });
  };
  if (!isIPv4(args.address) || !args.address.startsWith("127.")) {
    problems.push({
      path: "address",
      reason: `"${args.address}" is not a loopback address; test traffic stays on this machine.`,
      fix: "Give an address that starts with 127.",
    });
  }
  within("port", args.port, 1, 65_535, "as a port");
  within("rate", args.rate, 0.1, 5_000, "requests per second");
  within("durationMs", args.durationMs, 1, longestRunMs, "ms");
  within("timeoutMs", args.timeoutMs, 1, 60_000, "ms");
  return problems;
}
