import type * as pulumi from "@pulumi/pulumi";
import type { ClusterSpec } from "../../components/cluster/clouds.ts";
import type { GpuCluster } from "../../components/cluster/gpuCluster.ts";
import type { ModelStore } from "../../components/cluster/stores.ts";
import { namespaceName } from "../../components/platform/modelNamespace.ts";
import type { ClusterContract, Contracts, Published, StoreContract } from "../contracts.ts";
import { isRendered } from "../environments/clusterSpec.ts";
import type { Environment } from "../environments/environment.ts";
import type { StackOf } from "../stackName.ts";
import { buildCluster } from "./buildCluster.ts";
import { clustersOf } from "./clustersOf.ts";
import { requireConfiguration } from "./configuration.ts";

/** Network, cluster, node pools, identity, stores. Of an adopted cluster: the way to it. */
export function clusterLayer(stack: StackOf): Published<Contracts["cluster"]> {
  const { environment } = stack;
  requireConfiguration(Object.values(clustersOf(stack, (_name, spec) => spec)));
  const built = Object.entries(clustersOf(stack, (name, spec) => build(name, spec, environment)));
  const each = <T>(part: (cluster: Built) => T | undefined) =>
    Object.fromEntries(
      built.flatMap(([name, cluster]) => {
        const value = part(cluster);
        return value === undefined ? [] : [[name, value]];
      }),
    );
  return {
    clusters: each(({ contract }) => contract),
    kubeconfigs: each(({ kubeconfig }) => kubeconfig),
    storeCredentials: each(({ credentials }) => credentials),
  };
}

interface Built {
  readonly contract: Published<ClusterContract>;
  readonly kubeconfig: pulumi.Output<string> | undefined;
  readonly credentials: pulumi.Output<Readonly<Record<string, string>>> | undefined;
}

function build(name: string, spec: ClusterSpec, environment: Environment): Built {
  const cluster = buildCluster(environment.name, name, spec);
  const bindings = bindModels(cluster, environment);
  const contract: Published<ClusterContract> = {
    clusterIdentifier: cluster.clusterIdentifier,
    modelStore: storeContract(cluster.modelStore),
    identities: Object.fromEntries(
      bindings.map(([model, { annotations, podLabels }]) => [model, { annotations, podLabels }]),
    ),
  };
  return {
    contract,
    kubeconfig: isRendered(spec) ? undefined : cluster.kubeconfig,
    credentials: bindings.find(([, { credentials }]) => credentials !== undefined)?.[1].credentials,
  };
}

/**
 * Here and not in the models layer: whoever ships a model then needs no rights in the cloud, and none to grant any.
 */
function bindModels({ workloadIdentity }: GpuCluster, { models, platform }: Environment) {
  return Object.entries(models).flatMap(([name, { repository }]) =>
    "modelStore" in repository
      ? [
          [
            name,
            workloadIdentity.bind(namespaceName(platform.modelNamespace), name, {
              access: "read",
              prefix: repository.modelStore,
            }),
          ] as const,
        ]
      : [],
  );
}

function storeContract(store: ModelStore): Published<StoreContract> {
  if (store.kind === "pvc") return { kind: store.kind, location: store.claim };
  return { kind: store.kind, location: store.url, ...(store.kind === "s3" ? { region: store.region } : {}) };
}
