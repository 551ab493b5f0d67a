import * as pulumi from "@pulumi/pulumi";
import { OnPremCluster } from "../../components/cluster/onPremCluster.ts";
import type { ClusterContract, Contracts, Published } from "../contracts.ts";
import type { ClusterSpec } from "../environments/environment.ts";
import type { StackOf } from "../stackName.ts";
import { clustersOf } from "./clustersOf.ts";

/** Network, cluster, node pools, identity, stores. Of an adopted cluster: the way to it. */
export function clusterLayer(stack: StackOf): Published<Contracts["cluster"]> {
  return {
    clusters: clustersOf(stack, (name, spec) => publish(name, spec)),
    dataSync: stack.environment.dataSync,
  };
}

function publish(name: string, spec: ClusterSpec): Published<ClusterContract> {
  const cluster = new OnPremCluster(name, {
    kubeconfig: new pulumi.Config().requireSecret(spec.kubeconfig.secret),
    clusterIdentifier: `${pulumi.getProject()}/${name}`,
    ...(spec.labels === undefined ? {} : { labels: spec.labels }),
    ...(spec.gpuPools === undefined ? {} : { gpuPools: spec.gpuPools }),
  });
  return {
    kubeconfig: cluster.kubeconfig,
    clusterIdentifier: cluster.clusterIdentifier,
    labels: cluster.labels,
    gpuPools: cluster.gpuPools,
  };
}
