import { Alias } from "@pulumi/aws/kms/alias.js";
import { Key } from "@pulumi/aws/kms/key.js";
import * as pulumi from "@pulumi/pulumi";
import { policyDocument, type Statement } from "./policy.ts";

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
 * A KMS key that is rotated every year and known as `alias/<name>`. Without it nothing it encrypted can be read, so it is kept for 30 days
 * after its deletion, the most there is.
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
