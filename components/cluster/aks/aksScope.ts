import type * as pulumi from "@pulumi/pulumi";

/** What every resource of a cluster is made with. */
export interface AksScope {
  /** Name of the cluster, with which names of its resources begin. A change replaces all of them. */
  readonly cluster: string;
  /** Name of the cluster's resource group, the same as the cluster's. */
  readonly resourceGroupName: pulumi.Input<string>;
  /** `location` of every resource: the region, as the API names it (`westeurope`). A change replaces all of them. */
  readonly location: string;
  /** Id of the subscription, a UUID. Names of accounts, vaults and role assignments contain a hash of it. */
  readonly subscription: pulumi.Input<string>;
  /** `tags` of every resource that has them; keys and identities have none. A change updates them in place. */
  readonly tags: Readonly<Record<string, string>>;
  /** Whether Pulumi refuses to delete what has state: resource group, cluster, vaults, accounts and what is in them. */
  readonly protect: boolean;
}
