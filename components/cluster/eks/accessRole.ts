import { Role, type RoleArgs } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment.js";
import type * as pulumi from "@pulumi/pulumi";
import { policyDocument, type Statement } from "./policy.ts";

/** An IAM role and what it may do. */
export interface AccessRoleArgs {
  /** The one statement of the trust policy (`assumeRolePolicy`): who may assume the role. */
  readonly trust: Statement;
  /** AWS managed policies to attach, without `policy/`: `service-role/AmazonEBSCSIDriverPolicy`. @default none */
  readonly managed?: readonly string[];
  /** Statements of an inline policy. @default no inline policy */
  readonly statements?: readonly Statement[];
  /** AWS tags of the role. */
  readonly tags: Readonly<Record<string, string>>;
  /**
   * Begins the role's name, at most 38 characters: AWS allows 64, and the provider adds 26. A change replaces the role.
   * @default the name is that of the Pulumi resource with a random suffix
   */
  readonly namePrefix?: string;
}

/** A role, and the resources that give it its rights. */
export interface AccessRole {
  /** The role's ARN. */
  readonly arn: pulumi.Output<string>;
  /**
   * The attached policies. What uses the role must depend on them, not on the role alone: it is then made after them
   * and removed before them, so it has its rights as long as it exists.
   */
  readonly grants: readonly pulumi.Resource[];
}

/** Makes an IAM role and attaches its policies. */
export function accessRole(name: string, args: AccessRoleArgs, opts: pulumi.CustomResourceOptions): AccessRole {
  const roleArgs: RoleArgs = {
    assumeRolePolicy: policyDocument([args.trust]),
    tags: args.tags,
    ...(args.namePrefix === undefined ? {} : { namePrefix: args.namePrefix }),
  };
  const role = new Role(name, roleArgs, opts);
  const managed = (args.managed ?? []).map(
    (policy) =>
      new RolePolicyAttachment(
        `${name}-${policy.split("/").at(-1)}`,
        { role: role.name, policyArn: `arn:aws:iam::aws:policy/${policy}` },
        opts,
      ),
  );
  const own =
    args.statements === undefined
      ? []
      : [new RolePolicy(`${name}-policy`, { role: role.name, policy: policyDocument(args.statements) }, opts)];
  return { arn: role.arn, grants: [...managed, ...own] };
}
