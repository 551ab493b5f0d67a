import * as pulumi from "@pulumi/pulumi";
import type { GpuPool } from "../cluster/gpuPool.ts";
import type { ModelStore } from "../cluster/stores.ts";
import type { IdentityBinding } from "../cluster/workloadIdentity.ts";
import type { RegistryMirror } from "../core/registryMirror.ts";
import type { ModelRepository } from "./servedModel.ts";
import { type GpuRequest, gpuKinds } from "./triton.ts";

/** What a model knows of the cluster it runs on. Nothing in it depends on the cloud. */
export interface HostCluster {
  /** The cluster's GPU pools, by key. Empty: only models without a GPU can run there. */
  readonly gpuPools: Readonly<Record<string, GpuPool>>;
  /** The store that `repository: { modelStore }` refers to. */
  readonly modelStore: ModelStore;
  /** What the model's pods get so that the store gives them access. @default nothing, which is enough for a volume */
  readonly identity?: IdentityBinding;
  /** Every node has the label of its zone, `topology.kubernetes.io/zone`. @default false: some may lack it */
  readonly zones?: true;
  /** Where the image of Triton comes from instead of its registry. @default the registry that the image names */
  readonly registryMirror?: RegistryMirror;
}

/** The pools whose nodes have the GPUs that one pod requests, with their keys. CPU and memory are not looked at. */
export function fittingPools(request: GpuRequest, pools: Readonly<Record<string, GpuPool>>): [string, GpuPool][] {
  return Object.entries(pools).filter(
    ([, pool]) =>
      gpuKinds(request.kind).includes(pool.gpu) &&
      sliceOf(pool) === request.slice &&
      pool.gpusPerNode >= request.count &&
      pool.max > 0,
  );
}

/** The share of a GPU that a pod gets in this pool, as a model writes it. Undefined: whole GPUs. */
function sliceOf({ sharing }: GpuPool): GpuRequest["slice"] {
  switch (sharing.kind) {
    case "exclusive":
      return undefined;
    case "mig":
      return sharing.profile;
    default:
      return sharing.kind;
  }
}

/** Where the files of one version are. */
export type RepositoryLocation =
  /** In the folder `path` of a PersistentVolumeClaim. */
  | { readonly claim: string; readonly path: string }
  /** At an address that Triton reads by itself; `env` are the environment variables that it needs for it. */
  | { readonly url: pulumi.Input<string>; readonly env: Readonly<Record<string, string>> };

/** Where the files of a version of model `name` are on a cluster with this store. */
export function locate(
  name: string,
  repository: ModelRepository,
  version: string,
  store: ModelStore,
): RepositoryLocation {
  if ("pvc" in repository) return { claim: repository.pvc, path: `${repository.path ?? name}/${version}` };
  if ("s3" in repository) return { url: `${repository.s3}/${version}`, env: { AWS_REGION: repository.region } };
  const path = `${repository.modelStore}/${version}`;
  if (store.kind === "pvc") return { claim: store.claim, path };
  // A plain string where the address is known, so that a plan shows it.
  const url = typeof store.url === "string" ? `${store.url}/${path}` : pulumi.interpolate`${store.url}/${path}`;
  switch (store.kind) {
    case "s3":
      return { url, env: { AWS_REGION: store.region } };
    case "azureBlob":
      // Without it Triton looks for the account's key (triton-inference-server/core
      // `src/filesystem/implementations/as.h`, from 26.05 on).
      return { url, env: { AZURE_STORAGE_AUTH_TYPE: "default" } };
    case "gcs":
      return { url, env: {} };
  }
}
