import type { PolicyResource, StackValidationPolicy } from "@pulumi/policy";
import { items, type Partially } from "../rule.ts";
import { independently, known } from "../unknown.ts";
import { budgetFault } from "./budget.ts";
import type { Budget } from "./needed.ts";

type Labels = Readonly<Record<string, string>>;

/** The fields of all kinds that the rule reads, together. */
interface Served {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly webhooks: readonly {
    readonly failurePolicy: string;
    readonly clientConfig: { readonly service: { readonly name: string; readonly namespace: string } };
  }[];
  readonly spec: Budget & {
    readonly selector: Labels & { readonly matchLabels: Labels };
    readonly replicas: number;
    readonly minReplicas: number;
    readonly scaleTargetRef: { readonly kind: string; readonly name: string };
    readonly template: { readonly metadata: { readonly labels: Labels } };
  };
}

const configuration =
  /^kubernetes:admissionregistration\.k8s\.io\/[^:/]+:(?:Validating|Mutating)WebhookConfiguration(?:Patch)?$/;
const service = /^kubernetes:core\/[^:/]+:Service$/;
const deployment = /^kubernetes:apps\/[^:/]+:(?:Deployment|StatefulSet)$/;
const autoscaler = /^kubernetes:autoscaling\/[^:/]+:HorizontalPodAutoscaler$/;
const budgets = /^kubernetes:policy\/[^:/]+:PodDisruptionBudget$/;

/** Where a webhook that fails closed does not answer, nothing that it admits can be created or changed. */
export const requireAnsweringWebhooks: StackValidationPolicy = {
  name: "availability-require-answering-webhooks",
  displayName: "Webhooks that fail closed answer while a node is lost",
  description:
    "The pods of the stack that serve a webhook with failurePolicy Fail, Kubernetes' default, are at least two, with a PodDisruptionBudget that lets one of them go. Pods that are not in the stack are not seen.",
  severity: "high",
  remediationSteps:
    "Give the Deployment two replicas and a PodDisruptionBudget with `maxUnavailable: 1`, or the webhook `failurePolicy: Ignore`.",
  url: "https://kubernetes.io/docs/concepts/cluster-administration/admission-webhooks-good-practices/",
  validateStack: ({ resources, notApplicable }, reportViolation) => {
    const configurations = resources.filter(({ type }) => configuration.test(type));
    if (configurations.length === 0) return notApplicable("this stack has no webhook");
    const reported = new Set<string>();
    independently(
      configurations.flatMap((resource) => () => {
        const near = resources.filter(({ provider }) => provider?.urn === resource.provider?.urn);
        independently(
          items(propsOf(resource).webhooks).map((webhook) => () => {
            // A patch that says nothing of it leaves it as it is.
            const policy = webhook?.failurePolicy ?? (resource.type.endsWith("Patch") ? "Ignore" : "Fail");
            if (policy === "Ignore") return;
            const target = webhook?.clientConfig?.service;
            if (target?.name === undefined) return;
            for (const pods of podsBehind(target, near)) {
              const fault = faultOf(pods, near);
              if (fault === undefined || reported.has(pods.urn)) continue;
              reported.add(pods.urn);
              reportViolation(`${pods.name}: it serves a webhook that fails closed, and ${fault}`, pods.urn);
            }
          }),
        );
      }),
    );
  },
};

function podsBehind(target: Partially<Served["metadata"]>, near: readonly PolicyResource[]): readonly PolicyResource[] {
  const [found] = matching(near, service, ({ metadata }) => isNamed(metadata, target.name, namespaceOf(target)));
  const selector = found === undefined ? undefined : propsOf(found).spec?.selector;
  // Somebody else writes the addresses of a Service that selects nothing.
  if (Object.keys(selector ?? {}).length === 0) return [];
  return matching(
    near,
    deployment,
    ({ metadata, spec }) =>
      namespaceOf(metadata) === namespaceOf(target) && selects(selector, spec?.template?.metadata?.labels),
  );
}

/** Undefined: there are two of them, and a drain takes one at a time. */
function faultOf(pods: PolicyResource, near: readonly PolicyResource[]): string | undefined {
  const { metadata, spec } = propsOf(pods);
  const namespace = namespaceOf(metadata);
  const [scaler] = matching(
    near,
    autoscaler,
    (one) => namespaceOf(one.metadata) === namespace && one.spec?.scaleTargetRef?.name === metadata?.name,
  );
  const count = spec?.replicas ?? (scaler === undefined ? undefined : propsOf(scaler).spec?.minReplicas) ?? 1;
  if (count < 2) return `there is ${count} pod. Write 2 or more.`;

  const labels = spec?.template?.metadata?.labels;
  const own = matching(
    near,
    budgets,
    ({ metadata: own, spec: { selector } = {} }) =>
      namespaceOf(own) === namespace && selector !== undefined && selects(selector.matchLabels, labels),
  );
  if (own.length === 0) return "no PodDisruptionBudget selects its pods. Write one with maxUnavailable: 1.";
  const faults = own.flatMap((one) => budgetFault(propsOf(one).spec ?? {}, count) ?? []);
  return faults.length === 0 ? undefined : `of its PodDisruptionBudget: ${faults[0]} Write maxUnavailable: 1.`;
}

/**
 * The resources of a type for which something holds.
 *
 * @throws UnknownValueError where it holds for none that is known.
 */
function matching(
  near: readonly PolicyResource[],
  type: RegExp,
  holds: (props: Partially<Served>) => boolean,
): readonly PolicyResource[] {
  const answers = near
    .filter((resource) => type.test(resource.type))
    .map((resource) => ({ resource, answer: known(() => holds(propsOf(resource))) }));
  const found = answers.filter(({ answer }) => answer.known && answer.value).map(({ resource }) => resource);
  if (found.length > 0) return found;
  for (const { answer } of answers) if (!answer.known) throw answer.error;
  return [];
}

function propsOf({ props }: PolicyResource): Partially<Served> {
  return props;
}

function isNamed(metadata: Partially<Served["metadata"]> | undefined, name: string | undefined, namespace: string) {
  return metadata?.name === name && namespaceOf(metadata) === namespace;
}

function namespaceOf(metadata: { readonly namespace?: string | undefined } | undefined): string {
  return metadata?.namespace ?? "default";
}

/** Whether every label of a selector is there. */
function selects(selector: Partially<Labels> | undefined, labels: Partially<Labels> | undefined): boolean {
  return Object.keys(selector ?? {}).every((key) => labels?.[key] === selector?.[key]);
}
