import type { Environment } from "../../../../stacks/program.ts";
import { classifier } from "../models/classifier.ts";

/** The same model on every cloud. A GPU pool is named in the cloud's own words; the model asks for a kind of GPU. */
export const everywhere = {
  name: "everywhere",
  clusters: {
    "aws-use1": {
      cloud: "aws",
      region: "us-east-1",
      zones: ["us-east-1a", "us-east-1b", "us-east-1c"],
      cidr: "10.16.0.0/16",
      kubernetesVersion: "1.35",
      admins: ["role/platform-admin"],
      labels: { region: "east-us" },
      gpuPools: { l4: { machine: "g6.2xlarge", min: 1, max: 8 } },
    },
    "azure-weu": {
      cloud: "azure",
      region: "westeurope",
      zones: ["1", "2", "3"],
      cidr: "10.32.0.0/16",
      kubernetesVersion: "1.35",
      admins: ["6f2c1f3e-7c3a-4b55-9d0e-2f6f3d9f1a01"],
      labels: { region: "west-europe" },
      gpuPools: { t4: { machine: "Standard_NC8as_T4_v3", min: 1, max: 6 } },
    },
    "gcp-euw4": {
      cloud: "gcp",
      region: "europe-west4",
      zones: ["europe-west4-a", "europe-west4-b", "europe-west4-c"],
      cidr: "10.48.0.0/16",
      kubernetesVersion: "1.35",
      admins: ["group:platform-admins@example.com"],
      labels: { region: "west-europe" },
      gpuPools: { l4: { machine: "g2-standard-8", min: 1, max: 8 } },
    },
    "dc-fra": {
      cloud: "onPrem",
      kubeconfig: { secret: "dcFraKubeconfig" },
      labels: { region: "west-europe" },
      gpuPools: { l4: { gpu: "L4", gpusPerNode: 4, nodes: 3, vcpu: 64, memoryGiB: 256 } },
      modelStore: { pvc: "model-store" },
      settings: { ingress: { kind: "loadBalancer", sourceRanges: ["10.0.0.0/8"] } },
    },
  },
  platform: {
    istio: { install: {}, certificate: { kind: "privateCa" } },
    prometheus: { install: {} },
    argoRollouts: { install: {} },
    modelNamespace: { create: "models" },
  },
  domain: "models.example.com",
  models: { classifier: { ...classifier, version: "1" } },
} as const satisfies Environment;
