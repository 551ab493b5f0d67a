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
export type Fault =
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

const forms = {
  errors: "errors=1%",
  latency: "latency=+200ms",
  score: "score=+0.1",
  crash: "crash",
  "slow-start": "slow-start=60s",
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
  const [name = "", ...rest] = item.split("=");
  const value = rest.length === 0 ? undefined : rest.join("=").trim();
  if (!isFaultName(name.trim())) return { problems: [unknownFault(item, name.trim(), path)] };
  return readers[name.trim() as FaultName](value, path);
}

type Reader = (value: string | undefined, path: string) => Fault | { problems: Problem[] };

const readers: Record<FaultName, Reader> = {
  errors(value = "", path) {
    const problems = value === "100%" ? [] : percentProblems(`${path} errors`, value);
    return problems.length > 0 ? { problems } : { kind: "errors", share: ratio(value as Percent) };
  },
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
  crash(value, path) {
    return value === undefined
      ? { kind: "crash", afterRequests: crashAfterRequests }
      : wrongForm("crash", value, "takes no value", path);
  },
  "slow-start"(value = "", path) {
    const problems = durationProblems(`${path} slow-start`, value, { min: "1s", max: longestStart });
    return problems.length > 0
      ? { problems }
      : { kind: "slowStart", delayMs: Math.round(milliseconds(value as Duration)) };
  },
};

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
  }
}

function repeatedNames(faults: readonly Fault[]): FaultName[] {
  const names = faults.map((fault): FaultName => (fault.kind === "slowStart" ? "slow-start" : fault.kind));
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))];
}

function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(forms, name);
}
