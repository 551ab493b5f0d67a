import { isIPv4 } from "node:net";
import { Worker } from "node:worker_threads";
import { moduleUrl } from "../../components/core/moduleUrl.ts";
import { type Problem, rejectProblems } from "../../components/core/problem.ts";
import type { Spacing } from "./arrivals.ts";
import type { Tally } from "./tally.ts";

/** A declared stream of inference requests. */
export interface TrafficArgs {
  /** A loopback address: traffic never leaves this machine. */
  readonly address: string;
  readonly port: number;
  /** The Host header, by which the gateway chooses the model. */
  readonly host: string;
  readonly model: string;
  /** Requests per second, 0.1 to 5000. @default 200: enough for a verdict in minutes, and light on two cores */
  readonly rate?: number;
  /** How long requests are sent, at most an hour. @default 3600000, so that forgotten traffic ends */
  readonly durationMs?: number;
  /** @default "poisson": callers do not wait for each other */
  readonly spacing?: Spacing;
  /** The same seed sends the same requests at the same moments. @default 1 */
  readonly seed?: number;
  /** When a request without an answer is given up. @default 10000 */
  readonly timeoutMs?: number;
  /** Answers later than this are counted as slow. @default never */
  readonly slowerThanMs?: number;
  /** Further request headers, such as a token. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Ends the traffic; answers under way are still waited for. */
  readonly signal?: AbortSignal;
}

/** What happened in one second. */
export interface TrafficSample extends Tally {
  /** Seconds since the start, from 0. */
  readonly second: number;
  /** Requests without an answer at the end of the second. */
  readonly inFlight: number;
}

/** Traffic that is being sent: iterate it for a sample each second. */
export interface Traffic extends AsyncIterable<TrafficSample> {
  /** The whole run, once it has ended; rejects when the traffic could not start. */
  readonly summary: Promise<Tally>;
  /** Ends the traffic and gives the summary. */
  stop(): Promise<Tally>;
}

/** The response headers by which the embedded environment says who answered. */
export const servedByHeaders = { version: "x-serin-version", pod: "x-serin-pod" } as const;

const longestRunMs = 3_600_000;
const mostInFlight = 2_000;

/** What the worker thread is given. */
export interface TrafficJob extends Required<Omit<TrafficArgs, "signal" | "headers">> {
  readonly headers: Readonly<Record<string, string>>;
  readonly maxInFlight: number;
}

/** What the worker thread says. */
export type TrafficMessage =
  | { readonly kind: "sample"; readonly sample: TrafficSample }
  | { readonly kind: "end"; readonly summary: Tally }
  | { readonly kind: "failed"; readonly reason: string };

/**
 * Sends requests at a declared rate from a thread of its own, so that the caller's work does not disturb the timing.
 *
 * The loop is open: a slow server gets its requests on schedule all the same, up to as many unanswered ones as the rate
 * makes in one timeout; requests beyond that are counted as dropped. Throws a `ProblemError` for impossible arguments.
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
      reject(new Error("The traffic source ended without a summary."));
      wake();
    });
  });
  // A caller that only iterates gets the rejection from the iterator instead of an unhandled one.
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
    seed: 1,
    slowerThanMs: Number.POSITIVE_INFINITY,
    durationMs: longestRunMs,
    headers: {},
    ...args,
    rate,
    timeoutMs,
    maxInFlight: Math.min(mostInFlight, Math.max(10, Math.ceil((rate * timeoutMs) / 1_000))),
  };
}

/** What is wrong with the arguments. */
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
