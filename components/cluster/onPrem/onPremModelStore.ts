import * as pulumi from "@pulumi/pulumi";
import { dnsLabelProblems } from "../../core/names.ts";
import { type Problem, under } from "../../core/problem.ts";
import type { ModelStore } from "../stores.ts";
import type { IdentityBinding, WorkloadIdentity } from "../workloadIdentity.ts";

/**
 * Where a site keeps its models. It is there already; nothing here makes, fills or empties it. Changing it starts a
 * canary of each model.
 */
export type OnPremModelStore =
  /**
   * A PersistentVolumeClaim in the models' namespace, ReadWriteMany or ReadOnlyMany where models have more than one
   * node.
   */
  | { readonly pvc: string }
  /** A bucket of a store that speaks S3: MinIO, Ceph, a storage appliance. */
  | { readonly s3: OnPremBucket };

export interface OnPremBucket {
  /**
   * `https://host[:port]`. `http://` only inside the cluster (`….svc`, `….svc.cluster.local`), where the mesh encrypts:
   * elsewhere anyone on the way could put another model in the place of ours.
   */
  readonly endpoint: string;
  /** The bucket's name: 3 to 63 of a-z, 0-9, "-" and ".". */
  readonly bucket: string;
  /** What the store calls its region. @default "us-east-1", which MinIO and Ceph answer to unless told otherwise */
  readonly region?: string;
  /**
   * Keys of the store. Make them for this purpose: able to list the bucket and get its objects, nothing else. The store
   * alone limits what they reach, so a model's pods can read every model.
   */
  readonly credentials: {
    readonly accessKeyId: pulumi.Input<string>;
    readonly secretAccessKey: pulumi.Input<string>;
  };
}

/** The claim that is mounted where nothing is said of a store. */
export const defaultModelStore = { pvc: "model-store" } as const satisfies OnPremModelStore;

export function onPremModelStoreProblems(store: OnPremModelStore): Problem[] {
  return "pvc" in store ? dnsLabelProblems("pvc", store.pvc) : under("s3", bucketProblems(store.s3));
}

/** As models read it. */
export function publishedModelStore(store: OnPremModelStore = defaultModelStore): ModelStore {
  if ("pvc" in store) return { kind: "pvc", claim: store.pvc };
  const { endpoint, bucket, region = "us-east-1" } = store.s3;
  return { kind: "s3", url: `s3://${address(endpoint)}/${bucket}`, region };
}

/**
 * Pods of a bound service account get the store's keys as the AWS SDKs' shared credentials file; a claim asks for none.
 */
export function onPremIdentity(store: OnPremModelStore): WorkloadIdentity {
  const nothing: IdentityBinding = { annotations: {}, podLabels: {} };
  if ("pvc" in store) return { kind: "projectedSecret", bind: () => nothing };
  const { accessKeyId, secretAccessKey } = store.s3.credentials;
  const file = pulumi.interpolate`[default]\naws_access_key_id = ${accessKeyId}\naws_secret_access_key = ${secretAccessKey}\n`;
  const credentials = pulumi.secret(file.apply((text): Readonly<Record<string, string>> => ({ credentials: text })));
  return { kind: "projectedSecret", bind: () => ({ ...nothing, credentials }) };
}

const endpointPattern = /^(https?):\/\/([0-9A-Za-z.-]+)(?::(\d{1,5}))?\/?$/;

/**
 * With its port: Triton takes an address without one for a bucket of AWS (triton-inference-server/core `s3.h` at
 * 73aad7c3).
 */
function address(endpoint: string): string {
  const [, scheme = "", host = "", port] = endpointPattern.exec(endpoint) ?? [];
  return `${scheme}://${host}:${port ?? (scheme === "https" ? 443 : 80)}`;
}

function bucketProblems({ endpoint, bucket }: OnPremBucket): Problem[] {
  const problems: Problem[] = [];
  const [, scheme, host = ""] = endpointPattern.exec(endpoint) ?? [];
  if (scheme === undefined) {
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
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    problems.push({
      path: "bucket",
      reason: `"${bucket}" is not the name of a bucket: 3 to 63 of a-z, 0-9, "-" and ".".`,
      fix: 'Write it without a path, for example "models".',
    });
  }
  return problems;
}
