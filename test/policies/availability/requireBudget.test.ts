import { expect, it } from "vitest";
import { requireBudget } from "../../../policies/availability/requireBudget.ts";
import { judge, specifyResourcePolicy, unknown } from "../harness.ts";

const chart = "kubernetes:helm.sh/v4:Chart";
const two = { autoscaling: { minReplicas: 2 } };
const object = { chart: undefined, metadata: { name: "istiod", namespace: "istio-system" } };
const pdb = "kubernetes:policy/v1:PodDisruptionBudget";

specifyResourcePolicy(requireBudget, {
  type: chart,
  compliant: { chart: "gateway", values: { ...two, podDisruptionBudget: { maxUnavailable: 1 } } },
  rejects: [
    {
      when: "a gateway without a budget",
      change: { values: two },
      message: /^values\.podDisruptionBudget: without a PodDisruptionBudget.*Write maxUnavailable: 1\.$/,
    },
    {
      when: "a budget that says how, and not how many",
      change: { values: { ...two, podDisruptionBudget: { unhealthyPodEvictionPolicy: "AlwaysAllow" } } },
      message: "without a PodDisruptionBudget",
    },
    {
      when: "a budget that lets nothing go",
      change: { "values.podDisruptionBudget": { maxUnavailable: 0 } },
      message: "waits for ever",
    },
    {
      when: "the same as a share",
      change: { "values.podDisruptionBudget": { minAvailable: "51%" } },
      message: "waits for ever",
    },
    {
      when: "a budget that lets all go",
      change: { "values.podDisruptionBudget": { maxUnavailable: "100%" } },
      message: "all pods go at once",
    },
    {
      when: "an istiod whose budget is off",
      change: {
        chart: "istiod",
        values: { autoscaleMin: 2, global: { defaultPodDisruptionBudget: { enabled: false } } },
      },
      message: "values.global.defaultPodDisruptionBudget.enabled",
    },
    {
      when: "a Rollouts controller as its chart has it",
      change: { chart: "argo-rollouts", values: {} },
      message: "values.controller.pdb: without",
    },
    {
      when: "the chart's own budget of the Rollouts controller, of which none stays",
      change: { chart: "argo-rollouts", values: { controller: { pdb: { enabled: true } } } },
      message: "all pods go at once",
    },
    {
      when: "a webhook of cert-manager without one",
      change: {
        chart: "cert-manager",
        values: { replicaCount: 2, podDisruptionBudget: { enabled: true }, webhook: { replicaCount: 2 } },
      },
      message: "values.webhook.podDisruptionBudget: without",
    },
    {
      when: "the AWS Load Balancer Controller as its chart has it",
      change: { chart: "aws-load-balancer-controller", values: {} },
      message: "values.podDisruptionBudget: without",
    },
    {
      when: "a Prometheus without one",
      change: {
        chart: "kube-prometheus-stack",
        values: { prometheus: { prometheusSpec: { replicas: 2 }, podDisruptionBudget: { enabled: false } } },
      },
      message: "values.prometheus.podDisruptionBudget: without",
    },
    {
      when: "a Release without one",
      type: "kubernetes:helm.sh/v3:Release",
      change: { values: two },
      message: "without",
    },
    {
      when: "an object that lets nothing go",
      type: pdb,
      change: { ...object, spec: { minAvailable: 2 } },
      message: /^spec: it lets no pod go/,
    },
    { when: "an object that lets all go", type: pdb, change: { ...object, spec: {} }, message: "at once" },
    {
      when: "a patch that lets nothing go",
      type: `${pdb}Patch`,
      change: { ...object, spec: { maxUnavailable: 0 } },
      message: "waits for ever",
    },
  ],
  accepts: [
    { when: "one of two that stays", change: { "values.podDisruptionBudget": { minAvailable: 1 } } },
    { when: "half of them", change: { "values.podDisruptionBudget": { maxUnavailable: "50%" } } },
    { when: "istiod's own budget", change: { chart: "istiod", values: { autoscaleMin: 2 } } },
    {
      when: "the Rollouts controller with one",
      change: { chart: "argo-rollouts", values: { controller: { pdb: { enabled: true, maxUnavailable: 1 } } } },
    },
    { when: "one pod, which a budget would keep there for ever", change: { values: {} } },
    { when: "another chart", change: { chart: "metrics-server", values: {} } },
    { when: "an object that lets one go", type: pdb, change: { ...object, spec: { minAvailable: 1 } } },
    { when: "a patch of something else", type: `${pdb}Patch`, change: { ...object, spec: {} } },
    {
      when: "somebody else's",
      type: pdb,
      change: { chart: undefined, metadata: { name: "web", namespace: "shop" }, spec: { maxUnavailable: 0 } },
    },
  ],
  unknowns: [
    { change: { "values.podDisruptionBudget.maxUnavailable": unknown }, path: "podDisruptionBudget.maxUnavailable" },
    { change: { "values.autoscaling.minReplicas": unknown }, path: "autoscaling.minReplicas" },
  ],
});

it("reports a missing budget although another number is unknown", async () => {
  const values = { replicaCount: unknown, webhook: { replicaCount: 2 } };
  const { violations, undetermined } = await judge(requireBudget, chart, { chart: "cert-manager", values });
  expect(violations).toEqual([expect.stringContaining("values.webhook.podDisruptionBudget")]);
  expect(undetermined).toContain("replicaCount");
});
