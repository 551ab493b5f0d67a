import type { ContainerEvidence, EventEvidence, Evidence, PodEvidence } from "../evidence.ts";

/** How sure a rule is: nothing else says this; it is the usual reason; one of several. */
export type Confidence = "certain" | "likely" | "possible";

/** Where in the way of a request a fault lies, in the order in which faults hide each other. */
export const areas = [
  "cluster",
  "control",
  "admission",
  "scheduling",
  "image",
  "volumes",
  "files",
  "store",
  "GPU",
  "model",
  "memory",
  "start",
  "mesh",
  "route",
  "callers",
  "metrics",
  "release",
] as const;

/** One of them. */
export type Area = (typeof areas)[number];

/** What one rule has found. */
export interface Found {
  /** What is wrong, in a sentence with its values. */
  readonly cause: string;
  /** What shows it: lines as programs wrote them, each with where it stands. */
  readonly evidence: readonly string[];
  /** The objects that it is about: pods, nodes. */
  readonly about: readonly string[];
  /** @default the rule's */
  readonly confidence?: Confidence;
  /** What to change. @default the rule's */
  readonly change?: string;
  /** A command that shows more. @default the rule's */
  readonly next?: string;
  /** Whether waiting changes nothing. @default the rule's */
  readonly final?: boolean;
}

/** One fault and how it is known. The page docs/troubleshooting.md is written from these fields. */
export interface Rule {
  /** Unique: `image-not-found`. */
  readonly name: string;
  /** Where the fault lies. */
  readonly area: Area;
  /** The fault in a few words. */
  readonly title: string;
  /** What shows it, in words of the programs that say so. */
  readonly sign: string;
  /** What to change, as an imperative. */
  readonly change: string;
  /** How sure it is. */
  readonly confidence: Confidence;
  /** Whether waiting changes nothing, once it is found. @default false */
  readonly final?: boolean;
  /** A command that shows more; `<pod>`, `<namespace>`, `<model>` and `<kubectl>` are put in. */
  readonly next: string;
  /** Everything that it finds; empty: the fault is not there. */
  readonly find: (evidence: Evidence) => readonly Found[];
}

/** One sentence of a program about a pod that does not serve. */
export interface Saying {
  /** The pod. */
  readonly pod: PodEvidence;
  /** The container it is about, where it is about one. */
  readonly container?: ContainerEvidence;
  /** Where it stands: `event FailedMount`, `waiting ImagePullBackOff`, `log`, `termination message`. */
  readonly where: string;
  /** What stands there. */
  readonly text: string;
}

/** A pod that should serve and does not. */
export function isFailing({ ready, ending, phase }: PodEvidence): boolean {
  return !ready && !ending && phase !== "Succeeded";
}

/** What anything says about the pods that should serve and do not, the most telling first. */
export function sayings({ pods, events }: Evidence): Saying[] {
  return pods.filter(isFailing).flatMap((pod) => [
    ...pod.containers.flatMap((container): Saying[] => [
      ...container.log.map((text) => ({ pod, container, where: "log", text })),
      ...(container.ended === undefined || container.ended.message === "" || container.ready
        ? []
        : container.ended.message.split("\n").map((text) => ({ pod, container, where: "termination message", text }))),
      ...(container.waiting === undefined
        ? []
        : [{ pod, container, where: `waiting ${container.waiting.reason}`, text: container.waiting.message }]),
    ]),
    ...(pod.unscheduled === undefined ? [] : [{ pod, where: "condition PodScheduled", text: pod.unscheduled }]),
    ...(pod.reason === undefined ? [] : [{ pod, where: `status ${pod.reason}`, text: pod.message ?? "" }]),
    ...eventsOf(events, `Pod/${pod.name}`).map(({ reason, message }) => ({
      pod,
      where: `event ${reason}`,
      text: message,
    })),
  ]);
}

/** The events about one object. */
export function eventsOf(events: readonly EventEvidence[], object: string): EventEvidence[] {
  return events.filter((event) => event.object === object);
}

/** A rule that reads sentences about pods that should serve and do not. */
export interface TextRule extends Omit<Rule, "find" | "confidence" | "change" | "next"> {
  /** Where the sentence stands, by the beginning of `Saying.where`. @default anywhere */
  readonly where?: RegExp;
  /** The sentence. */
  readonly pattern: RegExp;
  /** What is wrong, from the groups of the pattern. */
  readonly cause: (groups: Readonly<Record<string, string>>, saying: Saying, evidence: Evidence) => string;
  /** When the sentence means this. @default always */
  readonly when?: (evidence: Evidence, saying: Saying) => boolean;
  /** @default "certain" */
  readonly confidence?: Confidence;
  /** What to change, where the groups make it more exact than `change` is. */
  readonly exactChange?: (groups: Readonly<Record<string, string>>) => string | undefined;
  /** @default the pod's own description, or its log where the sentence is from there */
  readonly next?: string;
  /** What to change, as an imperative. */
  readonly change: string;
  /** Whether waiting changes nothing, where that depends. */
  readonly finalWhen?: (evidence: Evidence, saying: Saying) => boolean;
}

/** Triton's level, date, process and source line, and the quote that newer ones put around the sentence. */
const logPrefix = /^[EWIF]\d{4} [\d:.]+ \d+ [\w.]+:\d+\] ?"?/;

/** The longest line of evidence: enough for Triton's sentence, not for a stack. */
const longest = 300;

/** Makes a rule of a sentence. Pods that say the same are one finding. */
export function textRule(rule: TextRule): Rule {
  const { where = /^/, pattern, cause, when = () => true, exactChange, finalWhen, ...rest } = rule;
  return {
    confidence: "certain",
    next: showPod,
    ...rest,
    find(evidence) {
      const found = new Map<string, Found>();
      for (const saying of sayings(evidence)) {
        if (!where.test(saying.where)) continue;
        const groups = pattern.exec(saying.text);
        if (groups === null || !when(evidence, saying)) continue;
        const text = cause({ ...groups.groups }, saying, evidence);
        const before = found.get(text);
        // The same is said in several places: the most telling one is enough of each pod.
        const seen = before?.about.includes(saying.pod.name) === true;
        const line = `${saying.pod.name} ${saying.where}: ${shortened(saying.text, groups.index)}`;
        const change = exactChange?.({ ...groups.groups });
        found.set(text, {
          cause: text,
          evidence: [...(before?.evidence ?? []), ...(seen ? [] : [line])],
          about: [...new Set([...(before?.about ?? []), saying.pod.name])],
          ...(change === undefined ? {} : { change }),
          ...(finalWhen === undefined ? {} : { final: before?.final === true || finalWhen(evidence, saying) }),
          next:
            before?.next ??
            rule.next ??
            (/^(log|termination)/.test(saying.where) ? saying.pod.logCommand : undefined) ??
            showPod,
        });
      }
      return [...found.values()];
    },
  };
}

/** The description of a pod, with its events. */
export const showPod = "<kubectl> describe pod -n <namespace> <pod>";

/** One line around the place that was recognised, with line breaks of a log as spaces. */
export function shortened(text: string, around = 0): string {
  const said = text.replace(logPrefix, "");
  const line = said
    .replace(/(?<=\S)"$/, said === text ? '"' : "")
    .replaceAll(/(\\n|\s)+/g, " ")
    .trim();
  if (line.length <= longest) return line;
  const place = around - (text.length - said.length);
  const start = place < longest / 2 ? 0 : Math.min(place, line.length - longest);
  return `${start === 0 ? "" : "… "}${line.slice(start, start + longest).trim()} …`;
}

/** `1 pod`, `2 pods`. */
export function counted(count: number, one: string): string {
  return `${count} ${one}${count === 1 ? "" : "s"}`;
}
