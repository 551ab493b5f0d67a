import { artifactContainer } from "../../../components/model/artifact.ts";
import { requireDigest } from "../../../policies/model/requireDigest.ts";
import { specifyResourcePolicy, unknown } from "../harness.ts";

const digest = `sha256:${"0123456789abcdef".repeat(4)}` as const;
const pod = "spec.template.spec";

specifyResourcePolicy(requireDigest, {
  type: "kubernetes:argoproj.io/v1alpha1:Rollout",
  compliant: {
    spec: {
      template: {
        metadata: { labels: { "serin.dev/server": "triton" } },
        spec: { initContainers: [artifactContainer({ digest }, "/models/fraud/1", {})], containers: [] },
      },
    },
  },
  rejects: [
    { when: "no init container", change: { [`${pod}.initContainers`]: undefined }, message: "with a digest" },
    {
      when: "another init container",
      change: { [`${pod}.initContainers[0].name`]: "fetch" },
      message: "npx serin model digest",
    },
    {
      when: "a check without a digest",
      change: { [`${pod}.initContainers[0].args[2]`]: "" },
      message: "with a digest",
    },
  ],
  accepts: [
    {
      when: "the Rollout of something else",
      change: { "spec.template.metadata.labels": { app: "web" }, [`${pod}.initContainers`]: undefined },
    },
  ],
  unknowns: [
    { change: { [`${pod}.initContainers`]: unknown }, path: "initContainers" },
    { change: { "spec.template.metadata.labels": unknown }, path: "labels" },
  ],
});
