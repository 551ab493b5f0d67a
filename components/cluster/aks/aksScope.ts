import type * as pulumi from "@pulumi/pulumi";

/** What every resource of a cluster is made with. */
export interface AksScope {
  /** The cluster's key, from which names derive. */
  readonly cluster: string;
  /** The name of the cluster's resource group. */
  readonly resourceGroupName: pulumi.Input<string>;
  readonly location: string;
  readonly subscription: pulumi.Input<string>;
  readonly tags: Readonly<Record<string, string>>;
  /** Whether what holds state is kept from deletion. */
  readonly protect: boolean;
}
