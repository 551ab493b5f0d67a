import { fraud } from "../models/fraud.ts";
import { resnet50 } from "../models/resnet50.ts";
import type { Environment } from "./environment.ts";

/** Three clouds and a data centre at once: the loss of one costs capacity, not the service. */
export const prod = {
  name: "prod",
  clusters: {
    "aws-use1": {
      cloud: "aws",
      region: "us-east-1",
      zones: ["us-east-1a", "us-east-1b", "us-east-1c"],
      cidr: "10.16.0.0/16",
      kubernetesVersion: "1.35",
      admins: ["role/platform-admin"],
      labels: { environment: "production", region: "east-us" },
      gpuPools: {
        l4: { machine: "g6.2xlarge", min: 1, max: 8 },
        // Cheaper, and may be taken away: models with pods on both pools outlive that.
        "l4-spot": { machine: "g6.2xlarge", min: 0, max: 8, purchase: { kind: "spot" } },
      },
    },
    "azure-weu": {
      cloud: "azure",
      region: "westeurope",
      zones: ["1", "2", "3"],
      cidr: "10.32.0.0/16",
      kubernetesVersion: "1.35",
      admins: ["6f2c1f3e-7c3a-4b55-9d0e-2f6f3d9f1a01"],
      labels: { environment: "production", region: "west-europe" },
      gpuPools: { t4: { machine: "Standard_NC8as_T4_v3", min: 1, max: 6 } },
      // The model store takes uploads from no other addresses. Whose they are is known to whoever brings it up.
      uploadCidrs: { configuration: "azureUploadCidrs" },
    },
    "gcp-euw4": {
      cloud: "gcp",
      region: "europe-west4",
      zones: ["europe-west4-a", "europe-west4-b", "europe-west4-c"],
      cidr: "10.48.0.0/16",
      kubernetesVersion: "1.35",
      admins: ["group:platform-admins@example.com"],
      labels: { environment: "production", region: "west-europe" },
      gpuPools: { l4: { machine: "g2-standard-8", min: 1, max: 8 } },
    },
    "dc-fra": {
      cloud: "onPrem",
      kubeconfig: { secret: "dcFraKubeconfig" },
      labels: { environment: "production", region: "west-europe" },
      gpuPools: { l4: { gpu: "L4", gpusPerNode: 4, nodes: 3, vcpu: 64, memoryGiB: 256 } },
      modelStore: {
        s3: {
          endpoint: "https://minio.fra.example.com:9000",
          bucket: "models",
          credentials: { accessKeyId: { secret: "dcFraStoreKeyId" }, secretAccessKey: { secret: "dcFraStoreKey" } },
        },
      },
      settings: { ingress: { kind: "loadBalancer", sourceRanges: ["10.0.0.0/8"] }, storageClass: "ceph-block" },
    },
  },
  platform: {
    istio: { install: {}, certificate: { kind: "privateCa" } },
    prometheus: { install: {} },
    argoRollouts: { install: {} },
    modelNamespace: { create: "models" },
  },
  domain: "models.example.com",
  models: {
    fraud: {
      ...fraud,
      version: "1",
      artifact: { digest: "sha256:808378e5c6f4a3c49d303445c46713c5aba689fb225e23bd9556381a28f41ef7" },
      replicas: 3,
    },
    resnet50: { ...resnet50, version: "1" },
  },
} as const satisfies Environment;
