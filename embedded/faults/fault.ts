import { type Problem, rejectProblems, unknownChoice } from "../../components/core/problem.ts";
import {
  type Duration,
  duration,
  durationProblems,
  milliseconds,
  type Percent,
  percent,
  percentProblems,
  ratio,
} from "../../components/core/quantity.ts";

/** A fault that a rehearsal injects into the new version of a model. */
export type Fault = FaultKind & {
  /**
   * From when on, milliseconds after the first request to a pod of the version, 1000 to 3600000. Only faults of the
   * model, and those from outside, can begin later.
   * @default from the first request on
   */
  readonly fromMs?: number;
};

/** What a fault does. */
export type FaultKind =
  | {
      readonly kind: "errors";
      /**
       * The share of the requests that get an error, above 0 and up to 1. The errors are evenly spaced: with 0.01 every
       * hundredth request fails, so that a rehearsal can be repeated.
       */
      readonly share: number;
    }
  | {
      readonly kind: "latency";
      /** The delay of each answer, 1 to 30000 milliseconds. The model still takes the next requests meanwhile. */
      readonly addedMs: number;
    }
  | {
      readonly kind: "score";
      /** The number that is added to each score, in the answers and in the exported metrics. Not 0. */
      readonly shift: number;
    }
  | {
      readonly kind: "crash";
      /** The number of requests after which the server process is killed, after each start anew. */
      readonly afterRequests: number;
    }
  | {
      readonly kind: "slowStart";
      /** The delay before the server process starts, 1000 to 600000 milliseconds. The pod is not ready meanwhile. */
      readonly delayMs: number;
    }
  | {
      readonly kind: "timeouts";
      /** The share of the requests that get no answer for a minute, evenly spaced, above 0 and up to 1. */
      readonly hangShare: number;
    }
  | {
      readonly kind: "batchErrors";
      /** The share of the requests that get an error, twenty in a row, above 0 and up to 1. */
      readonly burstShare: number;
    }
  | {
      readonly kind: "refusals";
      /** The share of the requests that are answered with HTTP 400, twenty in a row, above 0 and up to 1. */
      readonly refusedShare: number;
    }
  | {
      readonly kind: "skewedScore";
      /** The share of the requests whose score is higher by 0.5, evenly spaced, above 0 and up to 1. */
      readonly skewedShare: number;
    }
  | {
      readonly kind: "coldStart";
      /** How long answers take a second more, from the first request after the start, 1000 to 600000 milliseconds. */
      readonly coldMs: number;
    }
  | {
      /** The model's configuration has a field that Triton does not know. */
      readonly kind: "badConfig";
    }
  | {
      /** The model's Python file cannot be read by Python. */
      readonly kind: "syntaxError";
    }
  | {
      /** Each pod asks for more GPUs than any node has. */
      readonly kind: "noGpu";
    }
  | {
      readonly kind: "podKill";
      /** Time between two kills of a pod, without a grace period, 5000 to 600000 milliseconds. */
      readonly everyMs: number;
    }
  | {
      readonly kind: "prometheusOutage";
      /** How long Prometheus stands still, once the version has its first requests, 1000 to 45000 milliseconds. */
      readonly outageMs: number;
    };

/**
 * What carries out a fault: the model itself, by a wrapper of its Python file; the files that its pod starts with; the
 * node agent; the spec of its pods; or the rehearsal, from outside.
 */
export type FaultPlace = "model" | "files" | "start" | "pod" | "outside";

/** What carries out each fault. */
export const faultPlaces: Readonly<Record<Fault["kind"], FaultPlace>> = {
  errors: "model",
  latency: "model",
  score: "model",
  crash: "model",
  timeouts: "model",
  batchErrors: "model",
  refusals: "model",
  skewedScore: "model",
  coldStart: "model",
  badConfig: "files",
  syntaxError: "files",
  slowStart: "start",
  noGpu: "pod",
  podKill: "outside",
  prometheusOutage: "outside",
};

/** The annotation of the pod template that contains the faults. Only the embedded environment reads it. */
export const faultAnnotation = "rehearsal.serin.dev/fault";

/**
 * The number of requests before a crash: enough that the canary's analysis begins, and few enough that the canary gets
 * them at its smallest weight.
 */
const crashAfterRequests = 50;

/** The largest delay of an answer. Callers do not wait longer. */
const longestLatency: Duration = "30s";

/** The longest delay of a start. A longer one would exceed the Rollout's progress deadline, 10 minutes by default. */
const longestStart: Duration = "10m";

/** The rehearsal itself asks Prometheus, and waits a minute for it. */
const longestOutage: Duration = "45s";

const forms = {
  errors: "errors=1%",
  latency: "latency=+200ms",
  score: "score=+0.1",
  crash: "crash",
  "slow-start": "slow-start=60s",
  timeouts: "timeouts=1%",
  "batch-errors": "batch-errors=1%",
  "4xx-burst": "4xx-burst=5%",
  "skewed-score": "skewed-score=10%",
  "cold-start": "cold-start=30s",
  "bad-config": "bad-config",
  "syntax-error": "syntax-error",
  "no-gpu": "no-gpu",
  "pod-kill": "pod-kill=30s",
  "prometheus-outage": "prometheus-outage=30s",
} as const;
type FaultName = keyof typeof forms;

/**
 * Reads a fault expression such as `errors=1%,latency=+200ms`. An empty text means no fault. `path` names the place
 * where the user typed it, for error messages.
 * @throws ProblemError with all problems of the expression
 */
export function parseFaults(text: string, path = "--fault"): Fault[] {
  const problems: Problem[] = [];
  const faults: Fault[] = [];
  for (const item of text.split(",").map((part) => part.trim())) {
    if (item === "" && text.trim() === "") continue;
    const parsed = parseFault(item, path);
    if ("kind" in parsed) faults.push(parsed);
    else problems.push(...parsed.problems);
  }
  for (const name of repeatedNames(faults)) {
    problems.push({ path, reason: `"${name}" is given more than once.`, fix: `Keep one "${forms[name]}".` });
  }
  rejectProblems(`Fault "${text}" cannot be injected`, problems);
  return faults;
}

/** Writes faults as an expression that `parseFaults` reads back. */
export function formatFaults(faults: readonly Fault[]): string {
  return faults.map(formatFault).join(",");
}

function parseFault(item: string, path: string): Fault | { problems: Problem[] } {
  const [what = "", ...times] = item.split("@");
  const [name = "", ...rest] = what.split("=");
  const value = rest.length === 0 ? undefined : rest.join("=").trim();
  if (!isFaultName(name.trim())) return { problems: [unknownFault(item, name.trim(), path)] };
  const read = readers[name.trim() as FaultName](value, path);
  return times.length === 0 || !("kind" in read) ? read : begunLater(read, times.join("@").trim(), path);
}

function begunLater(fault: FaultKind, from: string, path: string): Fault | { problems: Problem[] } {
  const name = formatKind(fault).split("=")[0];
  if (!["model", "outside"].includes(faultPlaces[fault.kind])) {
    const reason = "a version has it when it starts, so it cannot begin later.";
    return { problems: [{ path: `${path} ${name}`, reason, fix: `Leave out "@${from}".` }] };
  }
  const problems = durationProblems(`${path} ${name}@`, from, { min: "1s", max: "1h" });
  return problems.length > 0 ? { problems } : { ...fault, fromMs: Math.round(milliseconds(from as Duration)) };
}

type Reader = (value: string | undefined, path: string) => FaultKind | { problems: Problem[] };

const readers: Record<FaultName, Reader> = {
  errors: shareReader("errors", (share) => ({ kind: "errors", share })),
  latency(value = "", path) {
    if (!value.startsWith("+")) return wrongForm("latency", value, "adds time, so it starts with +", path);
    const problems = durationProblems(`${path} latency`, value.slice(1), { min: "1ms", max: longestLatency });
    return problems.length > 0
      ? { problems }
      : { kind: "latency", addedMs: Math.round(milliseconds(value.slice(1) as Duration)) };
  },
  score(value = "", path) {
    if (!/^[+-]\d+(\.\d+)?$/.test(value)) return wrongForm("score", value, "is a signed number", path);
    return Number(value) === 0
      ? wrongForm("score", value, "must change the score", path)
      : { kind: "score", shift: Number(value) };
  },
  crash: bareReader("crash", { kind: "crash", afterRequests: crashAfterRequests }),
  "slow-start": spanReader("slow-start", ["1s", longestStart], (delayMs) => ({ kind: "slowStart", delayMs })),
  timeouts: shareReader("timeouts", (hangShare) => ({ kind: "timeouts", hangShare })),
  "batch-errors": shareReader("batch-errors", (burstShare) => ({ kind: "batchErrors", burstShare })),
  "4xx-burst": shareReader("4xx-burst", (refusedShare) => ({ kind: "refusals", refusedShare })),
  "skewed-score": shareReader("skewed-score", (skewedShare) => ({ kind: "skewedScore", skewedShare })),
  "cold-start": spanReader("cold-start", ["1s", "10m"], (coldMs) => ({ kind: "coldStart", coldMs })),
  "bad-config": bareReader("bad-config", { kind: "badConfig" }),
  "syntax-error": bareReader("syntax-error", { kind: "syntaxError" }),
  "no-gpu": bareReader("no-gpu", { kind: "noGpu" }),
  "pod-kill": spanReader("pod-kill", ["5s", "10m"], (everyMs) => ({ kind: "podKill", everyMs })),
  "prometheus-outage": spanReader("prometheus-outage", ["1s", longestOutage], (outageMs) => ({
    kind: "prometheusOutage",
    outageMs,
  })),
};

function shareReader(name: FaultName, made: (share: number) => FaultKind): Reader {
  return (value = "", path) => {
    const problems = value === "100%" ? [] : percentProblems(`${path} ${name}`, value);
    return problems.length > 0 ? { problems } : made(ratio(value as Percent));
  };
}

function spanReader(
  name: FaultName,
  [min, max]: readonly [Duration, Duration],
  made: (ms: number) => FaultKind,
): Reader {
  return (value = "", path) => {
    const problems = durationProblems(`${path} ${name}`, value, { min, max });
    return problems.length > 0 ? { problems } : made(Math.round(milliseconds(value as Duration)));
  };
}

function bareReader(name: FaultName, fault: FaultKind): Reader {
  return (value, path) => (value === undefined ? fault : wrongForm(name, value, "takes no value", path));
}

function wrongForm(name: FaultName, value: string, rule: string, path: string): { problems: Problem[] } {
  return { problems: [{ path: `${path} ${name}`, reason: `"${value}" ${rule}.`, fix: `Write "${forms[name]}".` }] };
}

function unknownFault(item: string, name: string, path: string): Problem {
  const examples = Object.values(forms).map((form) => `"${form}"`);
  if (item === "") {
    return { path, reason: "there is no fault between two commas.", fix: `Write one of ${examples.join(", ")}.` };
  }
  const problem = unknownChoice(path, name, Object.keys(forms));
  return {
    ...problem,
    fix: `${problem.fix === undefined ? "" : `${problem.fix} `}Write one of ${examples.join(", ")}.`,
  };
}

function formatFault(fault: Fault): string {
  return fault.fromMs === undefined ? formatKind(fault) : `${formatKind(fault)}@${duration(fault.fromMs)}`;
}

function formatKind(fault: FaultKind): string {
  switch (fault.kind) {
    case "errors":
      return `errors=${percent(fault.share)}`;
    case "latency":
      return `latency=+${duration(fault.addedMs)}`;
    case "score":
      return `score=${fault.shift < 0 ? "" : "+"}${fault.shift}`;
    case "crash":
      return "crash";
    case "slowStart":
      return `slow-start=${duration(fault.delayMs)}`;
    case "timeouts":
      return `timeouts=${percent(fault.hangShare)}`;
    case "batchErrors":
      return `batch-errors=${percent(fault.burstShare)}`;
    case "refusals":
      return `4xx-burst=${percent(fault.refusedShare)}`;
    case "skewedScore":
      return `skewed-score=${percent(fault.skewedShare)}`;
    case "coldStart":
      return `cold-start=${duration(fault.coldMs)}`;
    case "badConfig":
      return "bad-config";
    case "syntaxError":
      return "syntax-error";
    case "noGpu":
      return "no-gpu";
    case "podKill":
      return `pod-kill=${duration(fault.everyMs)}`;
    case "prometheusOutage":
      return `prometheus-outage=${duration(fault.outageMs)}`;
  }
}

function repeatedNames(faults: readonly Fault[]): FaultName[] {
  const names = faults.map((fault) => formatKind(fault).split("=")[0] as FaultName);
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(forms, name);
}
