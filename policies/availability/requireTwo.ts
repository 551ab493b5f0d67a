import type { ResourceValidationPolicy } from "@pulumi/policy";
import { type Partially, type ResourceKinds, resourceRule } from "../rule.ts";
import { independently } from "../unknown.ts";
import { isNeeded, isPrometheus, neededPods } from "./needed.ts";

interface Counted {
  readonly chart?: string;
  readonly values?: object;
  readonly metadata?: { readonly name?: string; readonly namespace?: string };
  readonly spec?: { readonly replicas?: number; readonly minReplicas?: number };
}

const kinds: ResourceKinds = {
  pattern:
    /^kubernetes:(helm\.sh\/v4:Chart|helm\.sh\/v3:Release|(apps\/[^:/]+:Deployment|autoscaling\/[^:/]+:HorizontalPodAutoscaler|monitoring\.coreos\.com\/[^:/]+:Prometheus)(Patch)?)$/,
  description: "a chart, a Deployment, a HorizontalPodAutoscaler or a Prometheus",
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
  validateResource: resourceRule<Counted>(kinds, (resource, report, { isPatch }) =>
    independently(
      countsOf(resource, isPatch).map((count) => () => {
        const [path, pods] = count();
        if (typeof pods !== "number" || pods >= 2) return;
        const reason = `${pods} pod: when its node is lost or drained, everything that needs it stops.`;
        report({ path, reason, fix: "Write 2 or more." });
      }),
    ),
  ),
};

type Count = () => readonly [path: string, count: unknown];

function countsOf({ chart, values, metadata, spec }: Partially<Counted>, isPatch: boolean): readonly Count[] {
  if (chart !== undefined) return neededPods(chart, values).map(({ count }) => count);
  // Of a Prometheus without a number there is one.
  if (isPrometheus(metadata)) return [() => ["spec.replicas", spec?.replicas ?? (isPatch ? undefined : 1)]];
  // A Deployment without a number is counted by its HorizontalPodAutoscaler.
  return isNeeded(metadata)
    ? [() => ["spec.replicas", spec?.replicas], () => ["spec.minReplicas", spec?.minReplicas]]
    : [];
}
