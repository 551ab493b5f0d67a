import * as pulumi from "@pulumi/pulumi";
import { dnsLabelProblems, isHostName, isPort } from "../../core/names.ts";
import { type Problem, under } from "../../core/problem.ts";
import type { ModelStore } from "../stores.ts";
import type { IdentityBinding, WorkloadIdentity } from "../workloadIdentity.ts";

/**
 * Where a site keeps its models. The store exists already; nothing here makes, fills or empties it. Changing it starts
 * a canary of each model that reads from it.
 */
export type OnPremModelStore =
  /**
   * The name of a PersistentVolumeClaim in the models' namespace. It must be ReadWriteMany or ReadOnlyMany where pods
   * run on more than one node.
   */
  | { readonly pvc: string }
  /** A bucket of a store that speaks S3: MinIO, Ceph, a storage appliance. */
  | { readonly s3: OnPremBucket };

/** A bucket of a store at a site, and the keys that Triton reads it with. */
export interface OnPremBucket {
  /**
   * `https://host[:port]`. `http://` only for a Service of the cluster (`….svc`, `….svc.cluster.local`), where the mesh
   * encrypts: elsewhere anyone on the network path could replace a model.
   */
  readonly endpoint: string;
  /** The bucket's name: 3 to 63 of a-z, 0-9, "-" and ".". */
  readonly bucket: string;
  /** The store's name of its region. @default "us-east-1", which MinIO and Ceph accept unless configured otherwise */
  readonly region?: string;
  /**
   * Keys of the store, made for this purpose: they may list the bucket and get its objects, nothing else. All models
   * share them, so the pods of each model can read every model.
   */
  readonly credentials: {
    /** The access key's id, as the store made it. It becomes part of a secret. */
    readonly accessKeyId: pulumi.Input<string>;
    /** The access key's secret part. It is stored as a secret. */
    readonly secretAccessKey: pulumi.Input<string>;
  };
}

/** The store where a cluster declares none: a claim of this name in the models' namespace. */
export const defaultModelStore = { pvc: "model-store" } as const satisfies OnPremModelStore;

/** Everything wrong with a store, by the path its owner typed below `modelStore`. */
export function onPremModelStoreProblems(store: OnPremModelStore): Problem[] {
  return "pvc" in store ? dnsLabelProblems("pvc", store.pvc) : under("s3", bucketProblems(store.s3));
}

/** The store as Triton addresses it. */
export function publishedModelStore(store: OnPremModelStore = defaultModelStore): ModelStore {
  if ("pvc" in store) return { kind: "pvc", claim: store.pvc };
  const { endpoint, bucket, region = "us-east-1" } = store.s3;
  return { kind: "s3", url: `s3://${address(endpoint)}/${bucket}`, region };
}

/**
 * Pods of a bound service account get the store's keys as a shared credentials file of the AWS SDKs. A claim needs no
 * keys.
 */
export function onPremIdentity(store: OnPremModelStore): WorkloadIdentity {
  const nothing: IdentityBinding = { annotations: {}, podLabels: {} };
  if ("pvc" in store) return { kind: "projectedSecret", bind: () => nothing };
  const { accessKeyId, secretAccessKey } = store.s3.credentials;
  const file = pulumi.interpolate`[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
  const credentials = pulumi.secret(file.apply((text): Readonly<Record<string, string>> => ({ credentials: text })));
  return { kind: "projectedSecret", bind: () => ({ ...nothing, credentials }) };
}

const endpointPattern = /^(https?):\/\/([0-9A-Za-z.-]+)(?::(\d+))?\/?$/;

/**
 * The endpoint with its port, also where that is the default one: Triton reads an address without a port as a bucket of
 * AWS (triton-inference-server/core `s3.h` at 73aad7c3).
 */
function address(endpoint: string): string {
  const [, scheme = "", host = "", port] = endpointPattern.exec(endpoint) ?? [];
  return `${scheme}://${host}:${port ?? (scheme === "https" ? 443 : 80)}`;
}

function bucketProblems({ endpoint, bucket, region }: OnPremBucket): Problem[] {
  const problems: Problem[] = [];
  const [, scheme, host = "", port] = endpointPattern.exec(endpoint) ?? [];
  if (scheme === undefined || !isHostName(host) || (port !== undefined && !isPort(port))) {
    problems.push({
      path: "endpoint",
      reason: `"${endpoint.replace(/\/\/[^/]*@/, "//…@")}" is not https://, a host name or IPv4 address, and a port if it is not 443.`,
      fix: 'Write, for example, "https://minio.example.com:9000"; keys belong into credentials.',
    });
  } else if (scheme === "http" && !/\.svc(\.cluster\.local)?$/.test(host)) {
    problems.push({
      path: "endpoint",
      reason: `"${endpoint}" is not encrypted, so anyone on the way could put another model in the place of ours.`,
      fix: `Write "https://…", or the store's Service if it runs in the cluster.`,
    });
  }
  if (region !== undefined && !/^[A-Za-z0-9][A-Za-z0-9-]{0,62}$/.test(region)) {
    problems.push({
      path: "region",
      reason: `"${region}" is not the name of a region: letters, digits and "-".`,
      fix: 'Write what the store is configured with, or leave it out for "us-east-1".',
    });
  }
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) || bucket.includes("..")) {
    problems.push({
      path: "bucket",
      reason: `"${bucket}" is not the name of a bucket: 3 to 63 of a-z, 0-9, "-" and ".".`,
      fix: 'Write it without a path, for example "models".',
    });
  }
  return problems;
}
