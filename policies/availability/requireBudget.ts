import type { ResourceValidationPolicy } from "@pulumi/policy";
import { type ResourceKinds, resourceRule } from "../rule.ts";
import { independently } from "../unknown.ts";
import { budgetFault } from "./budget.ts";
import { type Budget, isNeeded, neededPods } from "./needed.ts";

interface Budgeted {
  readonly chart: string;
  readonly values: object;
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: Budget;
}

const kinds: ResourceKinds = {
  pattern: /^kubernetes:(helm\.sh\/v4:Chart|helm\.sh\/v3:Release|policy\/[^:/]+:PodDisruptionBudget(Patch)?)$/,
  description: "a chart or a PodDisruptionBudget",
};

/** What runs at least twice. */
const least = 2;
const fix = "Write maxUnavailable: 1.";

/** A drain takes the pods of what everything waits for one after another. */
export const requireBudget: ResourceValidationPolicy = {
  name: "availability-require-budget",
  displayName: "What everything waits for goes one pod at a time",
  description:
    "istiod, the ingress gateway, the load balancer controller of EKS, cert-manager, the Argo Rollouts controller and Prometheus have a PodDisruptionBudget that lets one pod go, and not all at once.",
  severity: "high",
  remediationSteps:
    "Leave the values of the charts as the platform's components write them, or write a budget with `maxUnavailable: 1`.",
  url: "https://kubernetes.io/docs/tasks/run-application/configure-pdb/",
  validateResource: resourceRule<Budgeted>(kinds, ({ chart, values, metadata, spec }, report, { isPatch }) => {
    if (chart === undefined) {
      if (!isNeeded(metadata)) return;
      const says = spec?.maxUnavailable !== undefined || spec?.minAvailable !== undefined;
      const reason = says || !isPatch ? budgetFault(spec ?? {}, least) : undefined;
      if (reason !== undefined) report({ path: "spec", reason, fix });
      return;
    }
    independently(
      neededPods(chart, values).map(({ count, budget }) => () => {
        const [, pods] = count();
        // One pod is a violation of `availability-require-two`, and a budget would never let it be moved.
        if (typeof pods !== "number" || pods < least) return;
        const [path, limits] = budget();
        const reason =
          limits === undefined
            ? "without a PodDisruptionBudget a drain of two nodes takes all pods at once."
            : budgetFault(limits, least);
        if (reason !== undefined) report({ path, reason, fix });
      }),
    );
  }),
};
