import { expect, it } from "vitest";
import { requireDigest } from "../../../policies/image/requireDigest.ts";
import { judge, specifyResourcePolicy, unknown } from "../harness.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}`;
const pod = "spec.template.spec";
const container = `${pod}.containers[0]`;
const podSpec = { containers: [{ name: "triton", image: `nvcr.io/nvidia/tritonserver@${digest}` }] };
const tagged = { containers: [{ name: "triton", image: "tritonserver:24.10" }] };

specifyResourcePolicy(requireDigest, {
  type: "kubernetes:argoproj.io/v1alpha1:Rollout",
  compliant: {
    spec: {
      template: { metadata: {}, spec: { ...podSpec, initContainers: [{ name: "fetch", image: `busybox@${digest}` }] } },
    },
  },
  rejects: [
    {
      when: "a tag",
      change: { [`${container}.image`]: "nvcr.io/nvidia/tritonserver:24.10-py3" },
      message: /^spec\.template\.spec\.containers\[0\]\.image: "nvcr.io\/nvidia\/tritonserver:24.10-py3" has no digest/,
    },
    { when: "no tag at all", change: { [`${container}.image`]: "tritonserver" }, message: "has no digest" },
    { when: "a digest cut short", change: { [`${container}.image`]: "a@sha256:0123" }, message: "has no digest" },
    {
      when: "a tag in an init container",
      change: { [`${pod}.initContainers[0].image`]: "busybox:1" },
      message: "initContainers[0]",
    },
    {
      when: "a tag in an ephemeral container",
      change: { [`${pod}.ephemeralContainers`]: [{ name: "debug", image: "busybox:1" }] },
      message: "ephemeralContainers[0]",
    },
    {
      when: "a container without an image",
      change: { [`${container}.image`]: undefined },
      message: 'container "triton" has no image',
    },
    {
      when: "a tag in an image volume",
      change: { [`${pod}.volumes`]: [{ name: "model", image: { reference: "models/fraud:1" } }] },
      message: /volumes\[0\]\.image\.reference: "models\/fraud:1" has no digest/,
    },
    {
      when: "the placeholder of Istio where nothing is injected",
      change: { [`${container}.image`]: "auto" },
      message: '"auto"',
    },
    ...[
      { kind: "core/v1:Pod", change: { spec: tagged } },
      { kind: "core/v1:PodTemplate", change: { template: { spec: tagged } } },
      { kind: "core/v1:ReplicationController", change: { [pod]: tagged } },
      { kind: "apps/v1:Deployment", change: { [pod]: tagged } },
      { kind: "apps/v1:DeploymentPatch", change: { [pod]: tagged } },
      { kind: "apps/v1:DeploymentList", change: { items: [{ spec: { template: { spec: tagged } } }] } },
      { kind: "core/v1:List", change: { items: [{ kind: "Pod", spec: tagged }] } },
      { kind: "apps/v1:StatefulSet", change: { [pod]: tagged } },
      { kind: "apps/v1:DaemonSet", change: { [pod]: tagged } },
      { kind: "apps/v1:ReplicaSet", change: { [pod]: tagged } },
      { kind: "batch/v1:Job", change: { [pod]: tagged } },
      { kind: "batch/v1:CronJob", change: { spec: { jobTemplate: { spec: { template: { spec: tagged } } } } } },
      { kind: "argoproj.io/v1alpha1:RolloutPatch", change: { [pod]: tagged } },
      { kind: "argoproj.io/v1alpha1:Experiment", change: { spec: { templates: [{ template: { spec: tagged } }] } } },
      {
        kind: "argoproj.io/v1alpha1:AnalysisTemplate",
        change: { spec: { metrics: [{ provider: { job: { spec: { template: { spec: tagged } } } } }] } },
      },
    ].map(({ kind, change }) => ({
      when: `a tag in a ${kind}`,
      type: `kubernetes:${kind}`,
      change,
      message: 'containers[0].image: "tritonserver:24.10" has no digest',
    })),
  ],
  accepts: [
    { when: "a tag beside the digest", change: { [`${container}.image`]: `triton:24.10@${digest}` } },
    {
      when: "the placeholder of Istio's gateway injection",
      change: {
        [`${container}.image`]: "auto",
        "spec.template.metadata.annotations": { "inject.istio.io/templates": "gateway" },
      },
    },
    {
      when: "a patch that leaves the image alone",
      type: "kubernetes:apps/v1:DeploymentPatch",
      change: { [`${container}.image`]: undefined },
    },
    { when: "a Rollout whose template is in a Deployment", change: { spec: { workloadRef: { name: "fraud" } } } },
    { when: "unknown annotations", change: { "spec.template.metadata.annotations": unknown } },
  ],
  unknowns: [
    { change: { [`${container}.image`]: unknown }, path: "spec.template.spec.containers.0.image" },
    { change: { [`${pod}.initContainers`]: unknown }, path: "spec.template.spec.initContainers" },
    { change: { "spec.template": unknown }, path: "spec.template" },
  ],
});

const deployment = { spec: { template: { spec: tagged } } };
const type = "kubernetes:apps/v1:Deployment";
const chart = "kubernetes:helm.sh/v4:Chart";

it("leaves the images of a system's own chart to the pin of the chart, which names them", async () => {
  expect(await judge(requireDigest, type, deployment, ["serin:platform:Istio", chart])).toEqual({
    violations: [],
    notApplicable: "images of a pinned chart of the platform are chosen by the chart's version",
  });
});

it.each([
  { where: "a chart of somebody's own", parents: [chart] },
  { where: "a system's own resource", parents: ["serin:platform:Istio"] },
  { where: "a chart in a model", parents: ["serin:model:ModelDeployment", chart] },
])("judges the images of $where like any other", async ({ parents }) => {
  expect((await judge(requireDigest, type, deployment, parents)).violations).toHaveLength(1);
});
