import type { Partially } from "../rule.ts";

/** How many pods may go at once: one of the two, as a number or a share. */
export interface Budget {
  /** Pods that stay. */
  readonly minAvailable: number | string;
  /** Pods that may go. */
  readonly maxUnavailable: number | string;
}

/** Pods that a chart makes, by its values. Each reads only when it is asked, since values may be unknown. */
export interface NeededPods {
  /** How many pods there are at least, and the path of the value that says so. */
  readonly count: () => readonly [path: string, count: unknown];
  /** The PodDisruptionBudget, and the path of its values. Undefined: the chart makes none. */
  readonly budget: () => readonly [path: string, budget: Partially<Budget> | undefined];
}

type Read = (path: string) => unknown;

/**
 * What traffic, admission or a release stops without, by the chart that installs it, with the chart's own defaults.
 */
const charts: Readonly<Record<string, (read: Read) => readonly NeededPods[]>> = {
  istiod: (read) => [
    {
      count: () => scaled(read, "autoscaleEnabled", "autoscaleMin"),
      budget: () => {
        const path = "values.global.defaultPodDisruptionBudget.enabled";
        if (read("global.defaultPodDisruptionBudget.enabled") === false) return [path, undefined];
        return ["values.pdb", limits(read, "pdb", 1)];
      },
    },
  ],
  gateway: (read) => [
    {
      count: () => scaled(read, "autoscaling.enabled", "autoscaling.minReplicas"),
      budget: () => ["values.podDisruptionBudget", limits(read, "podDisruptionBudget")],
    },
  ],
  "argo-rollouts": (read) => [
    {
      count: () => ["values.controller.replicas", read("controller.replicas") ?? 2],
      budget: () => switched(read, "controller.pdb", 0),
    },
  ],
  "cert-manager": (read) => [
    {
      count: () => ["values.replicaCount", read("replicaCount") ?? 1],
      budget: () => switched(read, "podDisruptionBudget", 1),
    },
    {
      count: () => ["values.webhook.replicaCount", read("webhook.replicaCount") ?? 1],
      budget: () => switched(read, "webhook.podDisruptionBudget", 1),
    },
  ],
  // Without an answer no release goes on.
  "kube-prometheus-stack": (read) => [
    {
      count: () => {
        const isOff = read("prometheus.enabled") === false;
        const pods = isOff ? undefined : (read("prometheus.prometheusSpec.replicas") ?? 1);
        return ["values.prometheus.prometheusSpec.replicas", pods];
      },
      budget: () => switched(read, "prometheus.podDisruptionBudget", 1),
    },
  ],
  // The gateway's pods get their traffic on EKS once it has marked them as ready.
  "aws-load-balancer-controller": (read) => [
    {
      count: () => ["values.replicaCount", read("replicaCount") ?? 2],
      budget: () => ["values.podDisruptionBudget", limits(read, "podDisruptionBudget")],
    },
  ],
};

/** The Prometheus of kube-prometheus-stack, as its operator reads it, and its budget. */
const prometheus = "monitoring/prometheus-kube-prometheus-prometheus";

/** The same as objects, which the engine shows where it renders a chart. */
const objects: readonly string[] = [
  "istio-system/istiod",
  "istio-ingress/istio-ingressgateway",
  "argo-rollouts/argo-rollouts",
  "cert-manager/cert-manager",
  "cert-manager/cert-manager-webhook",
  "kube-system/aws-load-balancer-controller",
  prometheus,
];

/** The Deployments of a chart that something stops without. Its name may have the address of a registry before it. */
export function neededPods(chart: string, values: unknown): readonly NeededPods[] {
  return charts[chart.slice(chart.lastIndexOf("/") + 1)]?.((path) => at(values, path.split("."))) ?? [];
}

type Metadata = Partially<{ name: string; namespace: string }> | undefined;

/** Whether an object belongs to such pods, or makes them. */
export function isNeeded(metadata: Metadata): boolean {
  return objects.includes(nameOf(metadata));
}

/** Whether an object is the Prometheus that judges releases. */
export function isPrometheus(metadata: Metadata): boolean {
  return nameOf(metadata) === prometheus;
}

function nameOf(metadata: Metadata): string {
  return `${metadata?.namespace}/${metadata?.name}`;
}

/** Istio's charts read `replicaCount` only where their autoscaler is off; Kubernetes' own default is one. */
function scaled(read: Read, isOn: string, least: string): [path: string, count: unknown] {
  return read(isOn) === false
    ? ["values.replicaCount", read("replicaCount") ?? 1]
    : [`values.${least}`, read(least) ?? 1];
}

/** A budget that a chart makes only where it is switched on. `minAvailable`: what it is where nothing else is said. */
function switched(
  read: Read,
  path: string,
  minAvailable: number,
): [path: string, budget: Partially<Budget> | undefined] {
  return [`values.${path}`, read(`${path}.enabled`) === true ? limits(read, path, minAvailable) : undefined];
}

function limits(read: Read, path: string, fallback?: number): Partially<Budget> | undefined {
  const [minAvailable, maxUnavailable] = [
    read(`${path}.minAvailable`),
    read(`${path}.maxUnavailable`),
  ] as Budget["minAvailable"][];
  // Where both are there, Istio's chart takes the second. Kubernetes refuses them together.
  if (maxUnavailable !== undefined) return { maxUnavailable };
  const least = minAvailable ?? fallback;
  return least === undefined ? undefined : { minAvailable: least };
}

/** Undefined: the value is not there. */
function at(values: unknown, [key, ...rest]: readonly string[]): unknown {
  if (key === undefined) return values;
  return at((values as Readonly<Record<string, unknown>> | null | undefined)?.[key], rest);
}
