import { fraud } from "../models/fraud.ts";
import { resnet50 } from "../models/resnet50.ts";
import type { Environment } from "./environment.ts";

/** The shared development cluster: everything is installed by us. */
export const dev = {
  name: "dev",
  clusters: {
    "dc-lab": {
      cloud: "onPrem",
      kubeconfig: { secret: "dcLabKubeconfig" },
      labels: { environment: "development", region: "eu-central" },
      gpuPools: { l4: { gpu: "L4", gpusPerNode: 2, nodes: 2, vcpu: 32, memoryGiB: 128 } },
    },
  },
  platform: {
    istio: { install: {} },
    prometheus: { install: {} },
    argoRollouts: { install: {} },
    modelNamespace: { create: "models" },
  },
  domain: "models.dev.example.com",
  models: {
    fraud: { ...fraud, version: "1" },
    resnet50: { ...resnet50, version: "1" },
  },
} as const satisfies Environment;
