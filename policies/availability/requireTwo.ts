import type { ResourceValidationPolicy } from "@pulumi/policy";
import { type Partially, type ResourceKinds, resourceRule } from "../rule.ts";

/**
 * What traffic, admission or a release stops without, by the chart that installs it: the values that say how many pods
 * there are, each with the chart's default.
 */
const counts: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  istiod: { autoscaleMin: 1 },
  gateway: { "autoscaling.minReplicas": 1 },
  "argo-rollouts": { "controller.replicas": 2 },
  "cert-manager": { replicaCount: 1, "webhook.replicaCount": 1 },
  // The gateway's pods get their traffic on EKS once it has marked them as ready.
  "aws-load-balancer-controller": { replicaCount: 2 },
  // Without an answer no release goes on.
  "kube-prometheus-stack": { "prometheus.prometheusSpec.replicas": 1 },
};

/** The same as objects, which the engine shows where it renders a chart. */
const objects: readonly string[] = [
  "istio-system/istiod",
  "istio-ingress/istio-ingressgateway",
  "argo-rollouts/argo-rollouts",
  "cert-manager/cert-manager",
  "cert-manager/cert-manager-webhook",
  "kube-system/aws-load-balancer-controller",
];

/** The Prometheus of kube-prometheus-stack, as its operator reads it. Without a number there is one. */
const prometheus = "monitoring/prometheus-kube-prometheus-prometheus";

interface Counted {
  readonly chart?: string;
  readonly values?: object;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly spec?: { readonly replicas?: number; readonly minReplicas?: number };
}

const kinds: ResourceKinds = {
  pattern:
    /^kubernetes:(helm\.sh\/v4:Chart|apps\/[^:/]+:Deployment|autoscaling\/[^:/]+:HorizontalPodAutoscaler|monitoring\.coreos\.com\/[^:/]+:Prometheus)$/,
  description: "a Chart, a Deployment, a HorizontalPodAutoscaler or a Prometheus",
};

/** Whatever traffic, admission or a release needs runs at least twice. */
export const requireTwo: ResourceValidationPolicy = {
  name: "availability-require-two",
  displayName: "What everything waits for runs twice",
  description:
    "istiod, the ingress gateway, the load balancer controller of EKS, cert-manager, the Argo Rollouts controller and Prometheus have at least two pods, so that a lost node stops neither traffic nor admission nor a release.",
  severity: "high",
  remediationSteps:
    'Leave `availability` out of the site\'s settings, or say "single" in an environment where policies only advise.',
  url: "https://kubernetes.io/docs/concepts/workloads/pods/disruptions/",
  validateResource: resourceRule<Counted>(kinds, (resource, report) => {
    for (const [path, count] of countsOf(resource)) {
      if (typeof count !== "number" || count >= 2) continue;
      const reason = `${count} pod: when its node is lost or drained, everything that needs it stops.`;
      report({ path, reason, fix: "Write 2 or more." });
    }
  }),
};

function countsOf({ chart, values, metadata, spec }: Partially<Counted>): [path: string, count: unknown][] {
  if (chart !== undefined) {
    const paths = counts[chart.slice(chart.lastIndexOf("/") + 1)] ?? {};
    return Object.entries(paths).map(([path, fallback]) => [`values.${path}`, at(values, path.split(".")) ?? fallback]);
  }
  const object = `${metadata?.namespace}/${metadata?.name}`;
  if (object === prometheus) return [["spec.replicas", spec?.replicas ?? 1]];
  if (!objects.includes(object)) return [];
  // A Deployment without a number is counted by its HorizontalPodAutoscaler.
  return [
    ["spec.replicas", spec?.replicas],
    ["spec.minReplicas", spec?.minReplicas],
  ];
}

/** Undefined: the value is not there. */
function at(values: unknown, path: readonly string[]): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return values;
  return at((values as Readonly<Record<string, unknown>> | undefined)?.[key], rest);
}
