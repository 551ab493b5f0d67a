import type { Environment } from "../../stacks/environments/environment.ts";

/** A site whose nodes reach a registry of their own and no other. */
const mirroredSite = {
  name: "mirrored",
  clusters: {
    site: {
      cloud: "onPrem",
      kubeconfig: { secret: "siteKubeconfig" },
      labels: { environment: "test", region: "eu-central" },
      gpuPools: { l4: { gpu: "L4", gpusPerNode: 2, nodes: 2, vcpu: 32, memoryGiB: 128 } },
      settings: { registryMirror: { images: "registry.site.example.com:5000/mirror" }, metricsServer: "install" },
    },
  },
  platform: {
    istio: { install: {}, certificate: { kind: "privateCa" } },
    prometheus: { install: {} },
    argoRollouts: { install: {} },
    modelNamespace: { create: "models" },
  },
  domain: "models.site.example.com",
  models: {},
} as const satisfies Environment;

/**
 * A cluster of each cloud behind pull-through caches, so that no image may come from elsewhere; that of AWS with Elastic Fabric
 * Adapters.
 */
const mirroredClouds = {
  name: "mirrored-clouds",
  clusters: {
    aws: {
      cloud: "aws",
      region: "us-east-1",
      zones: ["us-east-1a", "us-east-1b", "us-east-1c"],
      cidr: "10.16.0.0/16",
      kubernetesVersion: "1.35",
      admins: ["role/platform-admin"],
      labels: { environment: "test", region: "east-us" },
      gpuPools: { h100: { machine: "p5.48xlarge", min: 0, max: 2, zones: ["us-east-1a"], placement: "compact" } },
      registryMirror: { images: "123456789012.dkr.ecr.us-east-1.amazonaws.com/mirror" },
    },
    azure: {
      cloud: "azure",
      region: "westeurope",
      zones: ["1", "2", "3"],
      cidr: "10.32.0.0/16",
      kubernetesVersion: "1.35",
      admins: ["6f2c1f3e-7c3a-4b55-9d0e-2f6f3d9f1a01"],
      labels: { environment: "test", region: "west-europe" },
      gpuPools: { t4: { machine: "Standard_NC8as_T4_v3", min: 1, max: 6 } },
      registryMirror: { images: "mirror.azurecr.io" },
    },
    gcp: {
      cloud: "gcp",
      region: "europe-west4",
      zones: ["europe-west4-a", "europe-west4-b", "europe-west4-c"],
      cidr: "10.48.0.0/16",
      kubernetesVersion: "1.35",
      admins: ["group:platform-admins@example.com"],
      labels: { environment: "test", region: "west-europe" },
      gpuPools: { l4: { machine: "g2-standard-8", min: 1, max: 8 } },
      registryMirror: { images: "europe-west4-docker.pkg.dev/project/mirror" },
    },
  },
  platform: mirroredSite.platform,
  domain: "models.example.com",
  models: {},
} as const satisfies Environment;

/** What no declared environment has, so that every chart and every check finds something. */
export const furtherEnvironments: readonly Environment[] = [mirroredSite, mirroredClouds];
