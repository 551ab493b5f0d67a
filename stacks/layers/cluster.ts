import * as pulumi from "@pulumi/pulumi";
import { type ClusterSpec, cloudOf } from "../../components/cluster/clouds.ts";
import type { GpuCluster } from "../../components/cluster/gpuCluster.ts";
import { RemovalGuard } from "../../components/cluster/removalGuard.ts";
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
  const declared = Object.entries(clustersOf(stack, (_name, spec) => spec));
  requireConfiguration(declared.map(([, spec]) => spec));
  const make = ([name, spec]: [string, ClusterSpec]) => [name, build(name, spec, environment)] as const;
  const unprotected = declared.filter(([, spec]) => !isProtected(spec)).map(make);
  guardToo(unprotected.flatMap(([, { resources }]) => resources));
  const built = [...unprotected, ...declared.filter(([, spec]) => isProtected(spec)).map(make)];
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

/** A cluster that exists before its layer is brought up has nothing that the layer could lose. */
function isProtected(spec: ClusterSpec): boolean {
  return !cloudOf(spec).adopted && !("protect" in spec && spec.protect === false);
}

/**
 * Makes the guard of every protected cluster depend on these clusters too, so that it is deleted, and refuses, before
 * anything of them is. Else the engine deletes them while it finds the first protected resource, and a refused removal
 * has removed something.
 */
function guardToo(unprotected: pulumi.Resource[]): void {
  if (unprotected.length === 0) return;
  pulumi.runtime.registerStackTransformation(({ resource, props, opts }) =>
    resource instanceof RemovalGuard && opts.protect === true
      ? { props, opts: pulumi.mergeOptions(opts, { dependsOn: unprotected }) }
      : undefined,
  );
}

interface Built {
  /** The component of the cluster, where it is one. */
  readonly resources: pulumi.Resource[];
  readonly contract: Published<ClusterContract>;
  readonly kubeconfig: pulumi.Output<string> | undefined;
  readonly credentials: pulumi.Output<Readonly<Record<string, string>>> | undefined;
}

function build(name: string, spec: ClusterSpec, environment: Environment): Built {
  const cluster = buildCluster(environment, name, spec);
  const bindings = bindModels(cluster, environment);
  const contract: Published<ClusterContract> = {
    clusterIdentifier: cluster.clusterIdentifier,
    modelStore: storeContract(cluster.modelStore),
    identities: Object.fromEntries(
      bindings.map(([model, { annotations, podLabels }]) => [model, { annotations, podLabels }]),
    ),
    ...(cluster.network === undefined ? {} : { network: cluster.network }),
    ...(cluster.volumeKey === undefined ? {} : { volumeKey: cluster.volumeKey }),
  };
  return {
    resources: pulumi.Resource.isInstance(cluster) ? [cluster] : [],
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
