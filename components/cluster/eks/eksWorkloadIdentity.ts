import * as pulumi from "@pulumi/pulumi";
import { Component } from "../../core/component.ts";
import { dnsLabel } from "../../core/names.ts";
import {
  bindingProblems,
  type IdentityBinding,
  type StorePermission,
  type WorkloadIdentity,
} from "../workloadIdentity.ts";
import { accessRole } from "./accessRole.ts";
import type { ModelBucket } from "./eksModelStore.ts";
import { type Statement, type TokenIssuer, tokenTrust } from "./policy.ts";

/** Whose tokens are trusted, and with which store. */
export interface EksWorkloadIdentityArgs {
  /** The EKS cluster's name. It begins the names of the roles, so a change replaces them. */
  readonly cluster: string;
  /** The region whose S3 may use the store's key for the roles. */
  readonly region: string;
  /** The issuer of the cluster's service account tokens. */
  readonly issuer: TokenIssuer;
  /** The bucket and the key that roles get access to. */
  readonly store: ModelBucket;
  /** AWS tags of the roles. */
  readonly tags: Readonly<Record<string, string>>;
}

/** Annotation of a ServiceAccount with its role's ARN. EKS gives pods of the account a token for the role. */
export const roleAnnotation = "eks.amazonaws.com/role-arn";

/**
 * IAM roles for service accounts: each service account has its own role, which it assumes with its own token.
 *
 * It is not EKS Pod Identity, which the add-ons use: Triton reads S3 with aws-sdk-cpp 1.11.60
 * (triton-inference-server/third_party `CMakeLists.txt`, main and r25.07), and Pod Identity needs 1.11.263 (EKS user
 * guide, `pod-id-minimum-sdk`; amazon-kinesis-producer #592). Tokens work with 1.11.60 (triton-inference-server/server
 * #8090).
 */
export class EksWorkloadIdentity extends Component implements WorkloadIdentity {
  /** Pods call `sts:AssumeRoleWithWebIdentity` with the token of their service account. */
  readonly kind = "webIdentity";
  readonly #args: EksWorkloadIdentityArgs;
  readonly #bound = new Set<string>();

  constructor(name: string, args: EksWorkloadIdentityArgs, opts: pulumi.ComponentResourceOptions) {
    super("cluster:EksWorkloadIdentity", name, {}, opts);
    this.#args = args;
    this.registerOutputs({});
  }

  /**
   * Makes the role of a service account, and returns the annotation that names it.
   * @throws ResourceError when the pair is bound already, or the prefix is malformed.
   */
  bind(namespace: string, serviceAccount: string, permission: StorePermission): IdentityBinding {
    const { cluster, region, issuer, store, tags } = this.#args;
    const pair = `${namespace}/${serviceAccount}`;
    this.reject(bindingProblems(this.#bound, pair, permission));
    this.#bound.add(pair);

    const role = accessRole(
      // No name of Kubernetes has a "_", so two pairs never share a name.
      this.childName(`${namespace}_${serviceAccount}`),
      {
        trust: tokenTrust(issuer, namespace, serviceAccount),
        statements: storeStatements(region, store, permission),
        tags,
        // The suffix has 26 characters, and the name of a role 64.
        namePrefix: dnsLabel(`${cluster}-${namespace}-${serviceAccount}`, 38),
      },
      { parent: this },
    );
    return { annotations: { [roleAnnotation]: role.arn }, podLabels: {} };
  }
}

/**
 * A list request with a prefix must have this prefix. One without a prefix is allowed, because Triton begins with
 * `HeadBucket`, which is the same action without a prefix, and must learn that a file is missing rather than forbidden
 * (triton-inference-server/core `src/filesystem/implementations/s3.h`, `CheckClient` and `FileExists`). So a pod can
 * see the names of other models, and cannot read them.
 */
function storeStatements(region: string, store: ModelBucket, { access, prefix }: StorePermission): Statement[] {
  const writes = access === "write" ? ["s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"] : [];
  return [
    {
      Sid: "List",
      Effect: "Allow",
      Action: "s3:ListBucket",
      Resource: store.arn,
      Condition: { StringLikeIfExists: { "s3:prefix": [prefix, `${prefix}/*`] } },
    },
    {
      Sid: "Objects",
      Effect: "Allow",
      Action: ["s3:GetObject", ...writes],
      Resource: pulumi.interpolate`${store.arn}/${prefix}/*`,
    },
    {
      Sid: "Key",
      Effect: "Allow",
      Action: ["kms:Decrypt", ...(access === "write" ? ["kms:GenerateDataKey"] : [])],
      Resource: store.keyArn,
      // With an S3 Bucket Key, the encryption context is the bucket and not the object.
      Condition: {
        StringEquals: {
          "kms:ViaService": `s3.${region}.amazonaws.com`,
          "kms:EncryptionContext:aws:s3:arn": store.arn,
        },
      },
    },
  ];
}
