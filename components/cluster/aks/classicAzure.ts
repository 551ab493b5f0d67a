import * as pulumi from "@pulumi/pulumi";

/**
 * Version of the plugin of the classic `azure` provider. The engine takes a plugin's version from its npm package, and
 * this one's is not installed.
 */
const classicAzureVersion = "6.40.0";

/**
 * The provider of `ContainerImmutabilityPolicy`, for `providers` of an `AksCluster`. It finds its credentials where
 * azure-native does. It registers no resource providers with the subscription: by default it would register about
 * sixty, for which it needs rights on the whole subscription.
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

/** How long blobs of a container are kept unchanged, and whether that can be lifted. */
export interface ContainerImmutabilityPolicyArgs {
  /** ARM id of the container. Changing it replaces the policy. */
  readonly storageContainerResourceManagerId: pulumi.Input<string>;
  /**
   * Days that a blob is kept, 1 to 146,000. The provider changes them of an unlocked policy only
   * (hashicorp/terraform-provider-azurerm #28660).
   */
  readonly immutabilityPeriodInDays: pulumi.Input<number>;
  /** Whether nobody can delete or shorten the policy. Once true, it can never be false again. */
  readonly locked: pulumi.Input<boolean>;
  /** Whether append blobs may grow, as log files do. What was written stays unchanged. */
  readonly protectedAppendWritesEnabled: pulumi.Input<boolean>;
}

/**
 * Keeps the blobs of a container from being changed or deleted before their time. It is a resource of the classic
 * `azure` provider: azure-native has the same policy but cannot lock it, since Azure locks by a request of its own.
 * Nothing else of that package is used, so the resource is declared here and the package is left out
 * (pulumi/pulumi-azure `sdk/nodejs/storage/containerImmutabilityPolicy.ts`).
 */
export class ContainerImmutabilityPolicy extends pulumi.CustomResource {
  /** Days that a blob is kept, as the state has them. */
  declare readonly immutabilityPeriodInDays: pulumi.Output<number>;

  constructor(name: string, args: ContainerImmutabilityPolicyArgs, opts?: pulumi.CustomResourceOptions) {
    super(
      "azure:storage/containerImmutabilityPolicy:ContainerImmutabilityPolicy",
      name,
      { ...args },
      { ...opts, version: classicAzureVersion },
    );
  }
}
