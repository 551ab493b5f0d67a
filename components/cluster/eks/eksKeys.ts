import { Alias } from "@pulumi/aws/kms/alias.js";
import { Key } from "@pulumi/aws/kms/key.js";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, type Statement } from "./policy.ts";

/** Who may use the cluster's key. */
export interface ClusterKeyArgs {
  /** The account's id, 12 digits. Its own IAM policies decide who else uses the key. */
  readonly account: pulumi.Input<string>;
  /** The region whose EC2 and CloudWatch Logs may use the key. */
  readonly region: string;
  /** Name of the one log group that CloudWatch Logs may encrypt with it. */
  readonly logGroup: string;
  /** Whether Pulumi refuses to delete the key. */
  readonly protect: boolean;
  /** AWS tags of the key. */
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * Makes the KMS key that encrypts Kubernetes Secrets, the disks of nodes and the control plane's logs. Models have
 * another one.
 */
export function clusterKey(name: string, args: ClusterKeyArgs, opts: pulumi.CustomResourceOptions): Key {
  return customerKey(
    name,
    {
      description: "Secrets, disks and logs of a cluster",
      account: args.account,
      statements: [logsUseKey(args), disksUseKey(args)],
      protect: args.protect,
      tags: args.tags,
    },
    opts,
  );
}

function logsUseKey({ account, region, logGroup }: ClusterKeyArgs): Statement {
  return {
    Sid: "Logs",
    Effect: "Allow",
    Principal: { Service: `logs.${region}.amazonaws.com` },
    Action: ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
    Resource: "*",
    Condition: {
      ArnEquals: {
        "kms:EncryptionContext:aws:logs:arn": pulumi.interpolate`arn:aws:logs:${region}:${account}:log-group:${logGroup}`,
      },
    },
  };
}

/**
 * Lets everyone in the account who may start instances and make volumes use the key, through EC2 only. AWS' own key for
 * disks allows the same. A statement for the service-linked role of Auto Scaling would be narrower, but KMS refuses a
 * principal that does not exist, and this role does not exist before an account's first Auto Scaling group.
 */
function disksUseKey({ account, region }: ClusterKeyArgs): Statement {
  return {
    Sid: "Disks",
    Effect: "Allow",
    Principal: { AWS: "*" },
    Action: [
      "kms:Encrypt",
      "kms:Decrypt",
      "kms:ReEncrypt*",
      "kms:GenerateDataKey*",
      "kms:CreateGrant",
      "kms:DescribeKey",
    ],
    Resource: "*",
    Condition: {
      StringEquals: { "kms:CallerAccount": account, "kms:ViaService": `ec2.${region}.amazonaws.com` },
    },
  };
}

/** What a KMS key is for, and who may use it. */
export interface CustomerKeyArgs {
  /** What the key encrypts, for people who find it in the account. */
  readonly description: string;
  /** The account's id, 12 digits. Its IAM policies decide who manages and uses the key. */
  readonly account: pulumi.Input<string>;
  /** Further statements of the key policy: for AWS services, which those IAM policies do not cover. */
  readonly statements: readonly Statement[];
  /** Whether Pulumi refuses to delete the key. */
  readonly protect: boolean;
  /** AWS tags of the key. */
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * Makes a KMS key with yearly rotation and the alias `alias/<name>`. A deleted key can be brought back for 30 days, the
 * longest that KMS allows, because nothing that it encrypted can be read without it.
 */
export function customerKey(name: string, args: CustomerKeyArgs, opts: pulumi.CustomResourceOptions): Key {
  const account: Statement = {
    Sid: "PoliciesOfTheAccount",
    Effect: "Allow",
    Principal: { AWS: pulumi.interpolate`arn:aws:iam::${args.account}:root` },
    Action: "kms:*",
    Resource: "*",
  };
  const key = new Key(
    name,
    {
      description: args.description,
      enableKeyRotation: true,
      deletionWindowInDays: 30,
      policy: pulumi.jsonStringify(policyDocument([account, ...args.statements])),
      tags: args.tags,
    },
    { ...opts, protect: args.protect },
  );
  new Alias(`${name}-alias`, { name: `alias/${name}`, targetKeyId: key.keyId }, opts);
  return key;
}
