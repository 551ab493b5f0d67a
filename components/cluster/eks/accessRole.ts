import { Role, type RoleArgs } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import { RolePolicyAttachment } from "@pulumi/aws/iam/rolePolicyAttachment.js";
import type * as pulumi from "@pulumi/pulumi";
import { policyDocument, type Statement } from "./policy.ts";

export interface AccessRoleArgs {
  /** Who may assume it. */
  readonly trust: Statement;
  /** Names of AWS' own policies, with their path. */
  readonly managed?: readonly string[];
  readonly statements?: readonly Statement[];
  readonly tags: Readonly<Record<string, string>>;
  /** @default the resource's name and a random suffix */
  readonly namePrefix?: string;
}

/** A role, and what must be there before it is of use. */
export interface AccessRole {
  readonly arn: pulumi.Output<string>;
  /** Depend on these, not on the role: whoever uses it must be gone before its rights are. */
  readonly grants: readonly pulumi.Resource[];
}

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
