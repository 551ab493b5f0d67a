import * as pulumi from "@pulumi/pulumi";
import { type ClusterSpec, cloudOf } from "../../components/cluster/clouds.ts";
import type { GpuCluster } from "../../components/cluster/gpuCluster.ts";
import { systemCluster, webhookPorts } from "../../components/platform/systems.ts";
import type { Environment } from "../environments/environment.ts";

/** Makes, or adopts, one cluster of an environment. */
export function buildCluster(environment: Environment, key: string, spec: ClusterSpec): GpuCluster {
  const config = new pulumi.Config();
  return cloudOf(spec).build(spec, {
    environment: environment.name,
    key,
    identifier: `${pulumi.getProject()}/${key}`,
    webhookPorts: webhookPorts(systemCluster(environment, key, spec, environment.platform)),
    configured: (name) => config.require(name),
    secret: (name) => config.requireSecret(name),
  });
}
