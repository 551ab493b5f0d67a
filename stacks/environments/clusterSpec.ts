import type * as pulumi from "@pulumi/pulumi";
import { type AksClusterArgs, aksGpuPools, validateAksCluster } from "../../components/cluster/aks/aksCluster.ts";
import { clientIdAnnotation, tokenLabels } from "../../components/cluster/aks/aksWorkloadIdentity.ts";
import { type EksClusterArgs, eksGpuPools, validateEksCluster } from "../../components/cluster/eks/eksCluster.ts";
import { roleAnnotation } from "../../components/cluster/eks/eksWorkloadIdentity.ts";
import { type GkeClusterArgs, gkeGpuPools, validateGkeCluster } from "../../components/cluster/gke/gkeCluster.ts";
import type { GpuPool } from "../../components/cluster/gpuPool.ts";
import {
  type OnPremBucket,
  type OnPremClusterArgs,
  onPremGpuPools,
  validateOnPremCluster,
} from "../../components/cluster/onPrem/onPremCluster.ts";
import { publishedModelStore } from "../../components/cluster/onPrem/onPremModelStore.ts";
import { type AtSite, renderedDirectory, type SiteSettings } from "../../components/cluster/onPrem/siteSettings.ts";
import type { ModelStore } from "../../components/cluster/stores.ts";
import { type Problem, unknownChoice } from "../../components/core/problem.ts";

/** The name of a configuration secret: `pulumi config set --secret <name>`. */
export interface ConfigurationSecret {
  readonly secret: string;
}

/** EKS, in the account `serin:awsAccount`. */
export type AwsClusterSpec = { readonly cloud: "aws" } & Omit<EksClusterArgs, "account">;

/** AKS, in `serin:azureSubscription` of the tenant `serin:azureTenant`. */
export type AzureClusterSpec = { readonly cloud: "azure" } & Omit<AksClusterArgs, "subscription" | "tenant">;

/** GKE, in `serin:gcpProject`, whose number is `serin:gcpProjectNumber`. */
export type GcpClusterSpec = { readonly cloud: "gcp" } & Omit<GkeClusterArgs, "project" | "projectNumber">;

/** A cluster that exists and is adopted, in a data centre or at the edge. */
export type OnPremClusterSpec = { readonly cloud: "onPrem" } & Omit<
  OnPremClusterArgs,
  "kubeconfig" | "clusterIdentifier" | "modelStore"
> & {
    /** Left out for a site that manifests are rendered for. */
    readonly kubeconfig?: ConfigurationSecret;
    /** @default `{ pvc: "model-store" }` */
    readonly modelStore?: { readonly pvc: string } | { readonly s3: OnPremBucketSpec };
  };

type OnPremBucketSpec = Omit<OnPremBucket, "credentials"> & {
  readonly credentials: Readonly<Record<keyof OnPremBucket["credentials"], ConfigurationSecret>>;
};

/** A cluster as an environment declares it: plain data. Secrets and account ids come from configuration. */
export type ClusterSpec = AwsClusterSpec | AzureClusterSpec | GcpClusterSpec | OnPremClusterSpec;

/** What the cloud calls a cluster: environments share accounts, and keys are an environment's own. */
export function nameInCloud(environment: string, key: string): string {
  return `${environment}-${key}`;
}

/** Everything wrong with a declared cluster, by the path its owner typed. */
export function clusterProblems(spec: ClusterSpec): Problem[] {
  switch (spec.cloud) {
    case "aws":
      return validateEksCluster(spec);
    case "azure":
      return validateAksCluster(spec);
    case "gcp":
      return validateGkeCluster(spec);
    case "onPrem":
      return validateOnPremCluster(declared(spec));
    default:
      return [unknownChoice("cloud", (spec as { cloud: string }).cloud, ["aws", "azure", "gcp", "onPrem"])];
  }
}

/** The pools as the cluster will publish them; known before anything is made. */
export function gpuPoolsOf(spec: ClusterSpec): Readonly<Record<string, GpuPool>> {
  switch (spec.cloud) {
    case "aws":
      return eksGpuPools(spec);
    case "azure":
      return aksGpuPools(spec);
    case "gcp":
      return gkeGpuPools(spec);
    case "onPrem":
      return onPremGpuPools(spec);
  }
}

/** The cluster's model store, at the address that the cluster layer published. */
export function storeOf(spec: ClusterSpec, location: pulumi.Output<string>): ModelStore {
  switch (spec.cloud) {
    case "aws":
      return { kind: "s3", url: location, region: spec.region };
    case "azure":
      return { kind: "azureBlob", url: location };
    case "gcp":
      return { kind: "gcs", url: location };
    case "onPrem":
      return publishedModelStore(declared(spec).modelStore);
  }
}

/** What the cloud wants to see on service accounts and pods that are bound: the annotations' keys, and the labels. */
export function identityMarks({ cloud }: ClusterSpec): {
  readonly annotations: readonly string[];
  readonly podLabels: Readonly<Record<string, string>>;
} {
  switch (cloud) {
    case "aws":
      return { annotations: [roleAnnotation], podLabels: {} };
    case "azure":
      return { annotations: [clientIdAnnotation], podLabels: tokenLabels };
    default:
      return { annotations: [], podLabels: {} };
  }
}

/** What is particular to a site of one's own; a cloud has nothing of the kind. */
export function settingsOf(spec: ClusterSpec): SiteSettings | undefined {
  return spec.cloud === "onPrem" ? spec.settings : undefined;
}

/** As the components of the platform take it. */
export function atSite(spec: ClusterSpec): AtSite {
  const settings = settingsOf(spec);
  return settings === undefined ? {} : { settings };
}

/** Whether manifests are rendered for the cluster instead of applied to it. */
export function isRendered(spec: ClusterSpec): boolean {
  return renderedDirectory(settingsOf(spec)) !== undefined;
}

/** The blocks of addresses that a cluster takes; of a site of one's own nothing is known. */
export function blocksOf(spec: ClusterSpec): readonly string[] {
  return spec.cloud === "onPrem" ? [] : [spec.cidr];
}

/** The arguments of the component, with secrets from wherever there are secrets. */
export function onPremArgs(
  { cloud: _, kubeconfig, modelStore, ...args }: OnPremClusterSpec,
  identifier: string,
  secret: (name: string) => pulumi.Input<string>,
): OnPremClusterArgs {
  return {
    ...args,
    clusterIdentifier: identifier,
    ...(kubeconfig === undefined ? {} : { kubeconfig: secret(kubeconfig.secret) }),
    ...(modelStore === undefined
      ? {}
      : { modelStore: "pvc" in modelStore ? modelStore : { s3: withKeys(modelStore.s3) } }),
  };

  function withKeys({ credentials: { accessKeyId, secretAccessKey }, ...bucket }: OnPremBucketSpec): OnPremBucket {
    return {
      ...bucket,
      credentials: { accessKeyId: secret(accessKeyId.secret), secretAccessKey: secret(secretAccessKey.secret) },
    };
  }
}

/** To look at a declaration no secret is needed, only that there is one. */
function declared(spec: OnPremClusterSpec): OnPremClusterArgs {
  return onPremArgs(spec, "declared", (name) => `[${name}]`);
}
