import * as pulumi from "@pulumi/pulumi";
import type { GpuPool } from "../cluster/gpuPool.ts";
import type { ModelStore } from "../cluster/stores.ts";
import type { IdentityBinding } from "../cluster/workloadIdentity.ts";
import type { ModelRepository } from "./servedModel.ts";
import { type GpuRequest, gpuKinds } from "./triton.ts";

/** What a model is told of the cluster it runs on: nothing of the cloud behind it. */
export interface HostCluster {
  readonly gpuPools: Readonly<Record<string, GpuPool>>;
  /** Where `repository: { modelStore }` is found. */
  readonly modelStore: ModelStore;
  /** Who the model's pods are to that store. @default nobody: the store asks no one, as a volume does */
  readonly identity?: IdentityBinding;
}

/** The pools whose nodes can take a pod with such a request, by name. */
export function fittingPools(request: GpuRequest, pools: Readonly<Record<string, GpuPool>>): [string, GpuPool][] {
  return Object.entries(pools).filter(
    ([, pool]) =>
      gpuKinds(request.kind).includes(pool.gpu) &&
      sliceOf(pool) === request.slice &&
      pool.gpusPerNode >= request.count &&
      pool.max > 0,
  );
}

/** What a pod gets of a GPU in this pool, as models ask for it. */
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

/**
 * Where the files of a version are: in a volume, or at an address that Triton reads from, with what it must be told for
 * that.
 */
export type RepositoryLocation =
  | { readonly claim: string; readonly path: string }
  | { readonly url: pulumi.Input<string>; readonly env: Readonly<Record<string, string>> };

/** Where a version is found on this cluster. */
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
  // Plain where it can be, so that a plan shows it.
  const url = typeof store.url === "string" ? `${store.url}/${path}` : pulumi.interpolate`${store.url}/${path}`;
  switch (store.kind) {
    case "s3":
      return { url, env: { AWS_REGION: store.region } };
    case "azureBlob":
      // Else Triton looks for the account's key (triton-inference-server/core `src/filesystem/implementations/as.h`,
      // from 26.05 on).
      return { url, env: { AZURE_STORAGE_AUTH_TYPE: "default" } };
    case "gcs":
      return { url, env: {} };
  }
}
