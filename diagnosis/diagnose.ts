import type { Evidence, PodEvidence } from "./evidence.ts";
import {
  type Area,
  areas,
  type Confidence,
  counted,
  type Found,
  isFailing,
  type Rule,
  shortened,
} from "./rules/rule.ts";
import { rules } from "./rules/rules.ts";

/** One fault and what to do about it: what a rule has found, with the rule's own words where it gave none. */
export interface Finding extends Required<Found> {
  /** The name of the rule, as docs/troubleshooting.md has it; `unknown` for what no rule explains. */
  readonly rule: string;
  /** Where in the way of a request it lies. */
  readonly area: Area;
  /** Whether another finding explains this one. */
  readonly follows: boolean;
}

/** Areas whose faults keep pods from serving: what lies behind them in the way follows from that. */
const hiding: readonly Area[] = [
  "cluster",
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
];

/** Rules that only show that pods do not serve. */
const consequences = new Set([
  "no-healthy-upstream",
  "not-observed",
  "rolled-back",
  "nothing-loaded",
  "stub-died",
  "analysis-without-data",
]);

/** Rules that only show that something does not run, by the name of it. */
const hiddenBy: Readonly<Record<string, RegExp>> = {
  "prometheus-unreachable": /^prometheus/i,
  "no-targets": /^prometheus/i,
  "gateway-unreachable": /^gateway/i,
};

const order: readonly Confidence[] = ["certain", "likely", "possible"];

/**
 * Everything that the rules find, the likeliest cause first; within the same confidence by the way of a request, since
 * an early fault hides later ones. A pod that fails for no reason that a rule knows is a finding `unknown`.
 */
export function diagnose(evidence: Evidence): Finding[] {
  const found = rules.flatMap((rule) => rule.find(evidence).map((one) => finding(rule, one, evidence)));
  const explained = new Set(found.flatMap(({ about, rule }) => (rule === "nothing-loaded" ? [] : about)));
  const unknown = evidence.pods
    .filter((pod) => isFailing(pod) && !explained.has(pod.name))
    .flatMap((pod) => unexplained(pod, evidence));
  const all = [...found, ...unknown, ...unexplainedRequest(evidence, [...found, ...unknown])];
  const cause = all.some(
    ({ area, rule, confidence }) => hiding.includes(area) && !consequences.has(rule) && confidence !== "possible",
  );
  const stopped = all.filter(({ rule }) => rule === "controller-down").map(({ cause: said }) => said);
  const hidden = ({ rule }: Finding) => stopped.some((said) => hiddenBy[rule]?.test(said) === true);
  return all
    .map((one) => ({ ...one, follows: (cause && consequences.has(one.rule)) || hidden(one) }))
    .toSorted(
      (a, b) =>
        Number(a.follows) - Number(b.follows) ||
        order.indexOf(a.confidence) - order.indexOf(b.confidence) ||
        areas.indexOf(a.area) - areas.indexOf(b.area),
    );
}

/** The findings that no waiting changes, about pods of one version where a hash is given. */
export function finalFindings(findings: readonly Finding[]): Finding[] {
  return findings.filter(({ final, follows }) => final && !follows);
}

function finding(rule: Rule, found: Found, evidence: Evidence): Finding {
  const fill = (text: string) => filled(text, evidence, found.about[0]);
  return {
    rule: rule.name,
    area: rule.area,
    cause: found.cause,
    evidence: found.evidence,
    confidence: found.confidence ?? rule.confidence,
    change: fill(found.change ?? rule.change),
    next: fill(found.next ?? rule.next),
    about: found.about,
    final: found.final ?? rule.final ?? false,
    follows: false,
  };
}

function filled(text: string, { kubectl, model, route, request }: Evidence, about: string | undefined): string {
  const values: Readonly<Record<string, string>> = {
    kubectl,
    namespace: model.namespace,
    model: model.name,
    pod: about ?? "<pod>",
    host: model.host,
    url: request?.url ?? route?.address ?? "<gateway>",
  };
  return text.replaceAll(/<(\w+)>/g, (all, name: string) => values[name] ?? all);
}

/** A request that got something else than an answer, and nothing that is known says why. */
function unexplainedRequest({ request, model, kubectl }: Evidence, found: readonly Finding[]): Finding[] {
  const { status, body = "", url, host } = request ?? {};
  // A request without a token is refused as it is declared, and rules name the rest of what a gateway answers.
  if (status === undefined || status < 400 || (model.jwt && (status === 401 || status === 403))) return [];
  if (found.some(({ area }) => hiding.includes(area) || area === "route" || area === "mesh" || area === "callers"))
    return [];
  return [
    {
      rule: "unknown",
      area: "callers",
      cause: `A request for the model's readiness got ${status}, and nothing that is known says why.`,
      evidence: [`GET ${url} (Host: ${host}): ${status} ${shortened(body)}`.trim()],
      confidence: "possible",
      change: "Read what the gateway and the pod say of it; looked at were routes, gateways, pods and this answer.",
      next: `${kubectl} logs -n ${model.namespace} -l app=${model.name} -c triton --tail 50`,
      about: [],
      final: false,
      follows: false,
    },
  ];
}

/** How long a pod may take before nothing at all is said of it. */
const quietMs = 15_000;

/** A pod that fails, and nothing that is known says why: what was looked at. Restarts alone are enough to stop. */
function unexplained(pod: PodEvidence, { at, kubectl, model }: Evidence): Finding[] {
  const restarted = pod.containers.find(({ restarts, ready }) => restarts >= 1 && !ready);
  const age = Date.parse(at) - Date.parse(pod.createdAt);
  if (restarted === undefined && (pod.phase === "Running" || age < quietMs)) return [];
  const { name, ended, restarts, log } = restarted ?? { name: "", ended: undefined, restarts: 0, log: [] };
  const words = [...log.slice(-3), ...(ended?.message.split("\n").slice(-3) ?? [])]
    .map((line) => shortened(line))
    .filter((line) => line !== "");
  return [
    {
      rule: "unknown",
      area: "start",
      cause:
        restarted === undefined
          ? `Pod ${pod.name} does not start, and nothing that is known says why.`
          : `Container ${name} of ${pod.name} ended with exit code ${ended?.exitCode ?? "?"}, ${counted(restarts, "restart")}, and nothing that is known says why.`,
      evidence: [
        ...pod.containers.flatMap(({ name: container, waiting }) =>
          waiting === undefined
            ? []
            : [`${pod.name} container ${container}: ${waiting.reason} ${shortened(waiting.message)}`.trim()],
        ),
        ...[...new Set(words)].map((line) => `${pod.name} log: ${line}`),
      ],
      confidence: "possible",
      change:
        "Read its log and its description; looked at were statuses, termination messages, events and the ends of logs.",
      next: restarted === undefined ? `${kubectl} describe pod -n ${model.namespace} ${pod.name}` : pod.logCommand,
      about: [pod.name],
      // A second end in a row is no accident.
      final: restarts >= 2,
      follows: false,
    },
  ];
}
