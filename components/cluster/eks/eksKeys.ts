import { Alias } from "@pulumi/aws/kms/alias.js";
import { Key } from "@pulumi/aws/kms/key.js";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, type Statement } from "./policy.ts";

export interface ClusterKeyArgs {
  readonly account: pulumi.Input<string>;
  readonly region: string;
  /** The one log group it encrypts. */
  readonly logGroup: string;
  readonly protect: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/** The key of what belongs to the cluster itself: Kubernetes Secrets, the disks of nodes, the control plane's logs. */
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
 * Whoever may start instances and make volumes in the account, by way of EC2 only: what AWS' own key for disks allows.
 * A statement for the service-linked role of Auto Scaling would be narrower, but KMS refuses a principal that does not
 * exist, and in an account without a scaling group it does not yet.
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

export interface CustomerKeyArgs {
  /** What it encrypts, for people who find it in the account. */
  readonly description: string;
  readonly account: pulumi.Input<string>;
  /** Who may use it besides those whom the account's own policies allow. */
  readonly statements: readonly Statement[];
  readonly protect: boolean;
  readonly tags: Readonly<Record<string, string>>;
}

/**
 * A KMS key that is rotated every year and known as `alias/<name>`. Without it nothing it encrypted can be read, so it
 * is kept for 30 days after its deletion, the most there is.
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
