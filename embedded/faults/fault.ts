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

/** What a rehearsed version does wrong, on purpose. */
export type Fault =
  /**
   * Answers this share of the requests with an error, evenly spread: with 0.01 every hundredth, so a rehearsal can be
   * repeated.
   */
  | { readonly kind: "errors"; readonly share: number }
  /** Answers each request this much later, without answering fewer at a time. */
  | { readonly kind: "latency"; readonly addedMs: number }
  /** Adds this to every score, in the answers and in the exported metrics. */
  | { readonly kind: "score"; readonly shift: number }
  /** The server process dies, again and again, each time after this many requests. */
  | { readonly kind: "crash"; readonly afterRequests: number }
  /** The server process starts this much later, so the pod is not ready for at least as long. */
  | { readonly kind: "slowStart"; readonly delayMs: number };

/** The pod-template annotation that carries faults; only the embedded environment acts on it. */
export const faultAnnotation = "rehearsal.serin.dev/fault";

/**
 * Long enough that a canary gets into the analysis before it dies, short enough that it dies at the smallest weight.
 */
const crashAfterRequests = 50;

/** The largest delay of an answer: beyond it every caller has given up. */
const longestLatency: Duration = "30s";

/** The longest start: beyond it a rollout's own deadline (10 minutes by default) decides, not the fault. */
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
 * Reads a fault expression such as `errors=1%,latency=+200ms`; an empty one is no fault.
 *
 * `path` is where the person typed it. Throws one `ProblemError` with everything that is wrong.
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

/** The expression that `parseFaults` reads back as the same faults. */
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
    return { path, reason: "there is nothing between two commas.", fix: `Write one of ${examples.join(", ")}.` };
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
