import * as pulumi from "@pulumi/pulumi";
import { type ClusterSpec, cloudOf } from "../../components/cluster/clouds.ts";
import type { GpuCluster } from "../../components/cluster/gpuCluster.ts";

/** Makes, or adopts, one cluster of an environment. */
export function buildCluster(environment: string, key: string, spec: ClusterSpec): GpuCluster {
  const config = new pulumi.Config();
  return cloudOf(spec).build(spec, {
    environment,
    key,
    identifier: `${pulumi.getProject()}/${key}`,
    configured: (name) => config.require(name),
    secret: (name) => config.requireSecret(name),
  });
}
