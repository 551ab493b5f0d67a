import * as pulumi from "@pulumi/pulumi";

/** Fixed, so that the engine fetches this very plugin: there is no package of it in the project whose version it could take. */
export const classicAzureVersion = "6.40.0";

/**
 * The provider of `ContainerImmutabilityPolicy`, to be handed to `AksCluster` in `providers`. It finds its credentials where azure-native
 * does. It registers no resource providers with the subscription: by default it would some sixty, which takes rights on all of it.
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
