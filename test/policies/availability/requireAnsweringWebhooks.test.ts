import { describe, expect, it } from "vitest";
import { requireAnsweringWebhooks } from "../../../policies/availability/requireAnsweringWebhooks.ts";
import { changed, judgeStack, type StackResource, unknown } from "../harness.ts";

const namespace = "shop";
const labels = { app: "guard", release: "guard" };
const metadata = { name: "guard", namespace };

/** A webhook as most charts have it: its configuration, a Service, a Deployment, and a budget. */
const stack: Record<string, StackResource> = {
  webhook: {
    type: "kubernetes:admissionregistration.k8s.io/v1:ValidatingWebhookConfiguration",
    name: "webhook",
    props: { webhooks: [{ failurePolicy: "Fail", clientConfig: { service: { name: "guard", namespace } } }] },
  },
  service: {
    type: "kubernetes:core/v1:Service",
    name: "service",
    props: { metadata, spec: { selector: { app: "guard" } } },
  },
  deployment: {
    type: "kubernetes:apps/v1:Deployment",
    name: "deployment",
    props: { metadata, spec: { replicas: 2, template: { metadata: { labels } } } },
  },
  budget: {
    type: "kubernetes:policy/v1:PodDisruptionBudget",
    name: "budget",
    props: { metadata, spec: { selector: { matchLabels: { app: "guard" } }, maxUnavailable: 1 } },
  },
};

const scaler: StackResource = {
  type: "kubernetes:autoscaling/v2:HorizontalPodAutoscaler",
  name: "scaler",
  props: { metadata, spec: { minReplicas: 2, scaleTargetRef: { kind: "Deployment", name: "guard" } } },
};

type Changes = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;

/** The stack with properties changed, by resource. Undefined leaves a resource out. */
function judged(changes: Changes = {}, ...more: readonly StackResource[]) {
  const resources = Object.entries(stack).flatMap(([name, resource]) => {
    if (!(name in changes)) return [resource];
    const change = changes[name];
    return change === undefined ? [] : [{ ...resource, props: changed(resource.props ?? {}, change) }];
  });
  return judgeStack(requireAnsweringWebhooks, [...resources, ...more]);
}

describe("availability-require-answering-webhooks", () => {
  it.each<[string, Changes, ...StackResource[]]>([
    ["two pods with a budget", {}],
    ["pods that an autoscaler counts", { deployment: { "spec.replicas": undefined } }, scaler],
    [
      "one pod of a webhook that fails open",
      { webhook: { "webhooks[0].failurePolicy": "Ignore" }, deployment: { "spec.replicas": 1 } },
    ],
    [
      "a webhook outside of the cluster",
      {
        webhook: { "webhooks[0].clientConfig": { url: "https://guard.example.com" } },
        deployment: { "spec.replicas": 1 },
      },
    ],
    ["pods that are in another stack", { service: undefined, deployment: undefined, budget: undefined }],
    [
      "one pod of something else",
      { service: { "spec.selector": { app: "other" } }, deployment: { "spec.replicas": 1 } },
    ],
    [
      "a Service whose addresses somebody else writes",
      { service: { "spec.selector": undefined }, deployment: { "spec.replicas": 1 } },
    ],
  ])("accepts %s", async (_, changes, ...more) => {
    expect(await judged(changes, ...more)).toEqual({ violations: [] });
  });

  it.each<[string, Changes, string, ...StackResource[]]>([
    ["one pod", { deployment: { "spec.replicas": 1 } }, "there is 1 pod"],
    ["pods whose number is left out", { deployment: { "spec.replicas": undefined } }, "there is 1 pod"],
    [
      "a webhook that says nothing, which fails closed",
      { webhook: { "webhooks[0].failurePolicy": undefined }, deployment: { "spec.replicas": 1 } },
      "there is 1 pod",
    ],
    [
      "an autoscaler that may go down to one",
      { deployment: { "spec.replicas": undefined } },
      "there is 1 pod",
      { ...scaler, props: changed(scaler.props ?? {}, { "spec.minReplicas": 1 }) },
    ],
    ["no budget", { budget: undefined }, "no PodDisruptionBudget selects"],
    [
      "a budget of other pods",
      { budget: { "spec.selector.matchLabels": { app: "web" } } },
      "no PodDisruptionBudget selects",
    ],
    ["a budget that selects nothing", { budget: { "spec.selector": undefined } }, "no PodDisruptionBudget selects"],
    ["a budget in another namespace", { budget: { "metadata.namespace": "web" } }, "no PodDisruptionBudget selects"],
    ["a budget that lets nothing go", { budget: { "spec.maxUnavailable": 0 } }, "waits for ever"],
  ])("rejects %s, with one violation", async (_, changes, message, ...more) => {
    const { violations } = await judged(changes, ...more);
    expect(violations).toEqual([expect.stringContaining(message)]);
    expect(violations[0]).toMatch(/^deployment: it serves a webhook that fails closed, and /);
  });

  it("takes a patch that leaves the policy as it is for none that fails closed", async () => {
    const patch = { ...(stack.webhook as StackResource), type: `${stack.webhook?.type}Patch` };
    const props = changed(patch.props ?? {}, { "webhooks[0].failurePolicy": undefined });
    const changes = { webhook: undefined, deployment: { "spec.replicas": 1 } };
    expect((await judged(changes, { ...patch, props })).violations).toEqual([]);
    expect((await judged(changes, patch)).violations).toHaveLength(1);
  });

  it("says once what several webhooks need", async () => {
    const second = { ...(stack.webhook as StackResource), name: "second" };
    expect((await judged({ deployment: { "spec.replicas": 1 } }, second)).violations).toHaveLength(1);
  });

  it("looks at each cluster by itself", async () => {
    const on = (provider: string) =>
      Object.values(stack).map((one) => ({ ...one, name: `${provider}-${one.name}`, provider }));
    const here = on("here");
    const there = on("there").filter(({ type }) => !type.includes("PodDisruptionBudget"));
    const { violations } = await judgeStack(requireAnsweringWebhooks, [...here, ...there]);
    expect(violations).toEqual([expect.stringMatching(/^there-deployment: .*no PodDisruptionBudget/)]);
  });

  it.each<[string, Changes]>([
    ["failurePolicy", { webhook: { "webhooks[0].failurePolicy": unknown } }],
    ["replicas", { deployment: { "spec.replicas": unknown } }],
    ["maxUnavailable", { budget: { "spec.maxUnavailable": unknown } }],
    ["name", { service: { "metadata.name": unknown } }],
  ])("is undetermined when %s is unknown", async (path, changes) => {
    const verdict = await judged(changes);
    expect(verdict.violations).toEqual([]);
    expect(verdict.undetermined).toContain(path);
  });

  it("has nothing to say of a stack without webhooks", async () => {
    expect((await judged({ webhook: undefined })).notApplicable).toBeDefined();
  });
});
