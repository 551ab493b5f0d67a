import * as pulumi from "@pulumi/pulumi";
import { classicAzureVersion } from "./classicAzureProvider.ts";

export interface ContainerImmutabilityPolicyArgs {
  /** The container's id. Changing it replaces the policy. */
  readonly storageContainerResourceManagerId: pulumi.Input<string>;
  /** Days, 1 to 146,000. Once locked it can be raised only, and five times at most. */
  readonly immutabilityPeriodInDays: pulumi.Input<number>;
  /** For everyone and for good: once true, never false again. */
  readonly locked: pulumi.Input<boolean>;
  /** Append blobs may grow, as log files do; nothing in them may change. */
  readonly protectedAppendWritesEnabled: pulumi.Input<boolean>;
}

/**
 * What keeps the blobs of a container from being changed or deleted before their time. It is a resource of the classic `azure` provider:
 * azure-native has the same policy without a way to lock it, since Azure locks with a request of its own. Of that package this is all we
 * use, so it is declared here and the package is left out (pulumi/pulumi-azure `sdk/nodejs/storage/containerImmutabilityPolicy.ts`).
 */
export class ContainerImmutabilityPolicy extends pulumi.CustomResource {
  constructor(name: string, args: ContainerImmutabilityPolicyArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "azure:storage/containerImmutabilityPolicy:ContainerImmutabilityPolicy",
      name,
      { ...args },
      { ...opts, version: classicAzureVersion },
    );
  }
}
