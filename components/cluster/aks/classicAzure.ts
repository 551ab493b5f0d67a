import * as pulumi from "@pulumi/pulumi";

/**
 * Fixed, so that the engine fetches this very plugin: there is no package of it in the project whose version it could
 * take.
 */
export const classicAzureVersion = "6.40.0";

/**
 * The provider of `ContainerImmutabilityPolicy`, to be handed to `AksCluster` in `providers`. It finds its credentials
 * where azure-native does. It registers no resource providers with the subscription: by default it would some sixty,
 * which takes rights on all of it.
 */
export function classicAzureProvider(
  name: string,
  args: { readonly subscription: pulumi.Input<string>; readonly tenant: pulumi.Input<string> },
  opts?: pulumi.ResourceOptions,
): pulumi.ProviderResource {
  return new ClassicAzureProvider(
    name,
    {
      subscriptionId: args.subscription,
      tenantId: args.tenant,
      environment: "public",
      resourceProviderRegistrations: "none",
    },
    { ...opts, version: classicAzureVersion },
  );
}

class ClassicAzureProvider extends pulumi.ProviderResource {
  constructor(name: string, config: pulumi.Inputs, opts: pulumi.ResourceOptions) {
    super("azure", name, config, opts);
  }
}

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
 * What keeps the blobs of a container from being changed or deleted before their time. It is a resource of the classic
 * `azure` provider: azure-native has the same policy without a way to lock it, since Azure locks with a request of its
 * own. Of that package this is all we use, so it is declared here and the package is left out (pulumi/pulumi-azure
 * `sdk/nodejs/storage/containerImmutabilityPolicy.ts`).
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
