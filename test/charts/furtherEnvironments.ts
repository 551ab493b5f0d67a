import type { Environment } from "../../stacks/environments/environment.ts";
import { shop } from "../fixtures/shop.ts";

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
    ...shop.platform,
    istio: { install: {}, certificate: { kind: "privateCa" } },
    prometheus: { install: {} },
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
      ...shop.clusters.aws,
      gpuPools: { h100: { machine: "p5.48xlarge", min: 0, max: 2, zones: ["us-east-1a"], placement: "compact" } },
      registryMirror: { images: "123456789012.dkr.ecr.us-east-1.amazonaws.com/mirror" },
    },
    azure: { ...shop.clusters.azure, registryMirror: { images: "mirror.azurecr.io" } },
    gcp: { ...shop.clusters.gcp, registryMirror: { images: "europe-west4-docker.pkg.dev/project/mirror" } },
  },
  platform: mirroredSite.platform,
  domain: "models.example.com",
  models: {},
} as const satisfies Environment;

/** What no declared environment has, so that every chart and every check finds something. */
export const furtherEnvironments: readonly Environment[] = [mirroredSite, mirroredClouds];
