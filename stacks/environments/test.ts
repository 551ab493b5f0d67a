import { fraud } from "../models/fraud.ts";
import { resnet50 } from "../models/resnet50.ts";
import type { Environment } from "./environment.ts";

/** A cloud, and an edge site that pulls its manifests: what is shipped to prod is tried here, then taken down again. */
export const test = {
  name: "test",
  clusters: {
    "aws-euc1": {
      cloud: "aws",
      region: "eu-central-1",
      zones: ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
      cidr: "10.64.0.0/16",
      kubernetesVersion: "1.35",
      admins: ["role/platform-developer"],
      labels: { environment: "test", region: "eu-central" },
      gpuPools: { l4: { machine: "g6.2xlarge", min: 0, max: 4, purchase: { kind: "spot" } } },
      // It comes and goes, so nothing of it may refuse to.
      auditStore: { retentionDays: 1, mode: "removable" },
      protect: false,
    },
    "edge-ber": {
      cloud: "onPrem",
      labels: { environment: "test", region: "eu-central", tier: "edge" },
      gpuPools: {
        l4: {
          gpu: "L4",
          // Two pods of a model, and two of its next version during a release.
          gpusPerNode: 4,
          nodes: 1,
          vcpu: 32,
          memoryGiB: 128,
          driver: { owner: "preinstalled", version: "580.159.03" },
        },
      },
      modelStore: { pvc: "model-store" },
      settings: {
        access: { kind: "rendered", directory: "rendered" },
        ingress: { kind: "nodePort", port: 30080, host: "edge-ber.example.com" },
        runtime: "k3s",
      },
    },
  },
  platform: {
    istio: { install: {}, certificate: { kind: "privateCa" } },
    prometheus: { install: {} },
    argoRollouts: { install: {} },
    modelNamespace: { create: "models" },
  },
  domain: "models.test.example.com",
  models: {
    fraud: { ...fraud, version: "1" },
    resnet50: { ...resnet50, version: "1" },
  },
} as const satisfies Environment;
