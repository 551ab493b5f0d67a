import type * as pulumi from "@pulumi/pulumi";
import type { CloudClusterArgs } from "../cloudCluster.ts";
import type { KubeLogin } from "./aksKubeconfig.ts";
import type { azureMachines } from "./azureMachines.ts";

/**
 * A cluster of Azure Kubernetes Service with its network, keys and stores, in a resource group of its own. `admins` are
 * object ids of groups in Entra; their members are cluster administrators.
 */
export interface AksClusterArgs extends CloudClusterArgs<keyof typeof azureMachines, "onDemand" | "spot" | "reserved"> {
  /** The subscription's id. Changing it replaces everything. */
  readonly subscription: pulumi.Input<string>;
  /** The id of the tenant of Entra that the subscription trusts. Changing it replaces everything. */
  readonly tenant: pulumi.Input<string>;
  /**
   * `private`: an address in the cluster's network, reached from there and from networks that are peered with it.
   * `public`: from these blocks of addresses, too. @default `{ kind: "private" }`. Changing it updates the cluster in
   * place, since the API server has its own subnet either way (MicrosoftDocs/azure-aks-docs
   * `articles/aks/api-server-vnet-integration.md`).
   */
  readonly endpoint?: { readonly kind: "private" } | { readonly kind: "public"; readonly cidrs: readonly string[] };
  /**
   * How kubelogin gets a token for whoever uses the kubeconfig, which says so and nothing about them. @default
   * "azurecli": works for a person and for a pipeline that has run `az login`. Changing it replaces nothing.
   */
  readonly login?: KubeLogin;
  /**
   * Machine of the three to nine nodes for all that needs no GPU.
   * @default "Standard_D4ds_v5": 4 cores, 16 GiB. AKS refuses to change it.
   */
  readonly systemMachine?: string;
  /**
   * Public addresses that versions of models are uploaded from, blocks of /30 at least. Who uploads needs a role on the
   * container besides.
   * @default none: only the cluster's own nodes reach the model store. Changing it replaces nothing.
   */
  readonly uploadCidrs?: readonly string[];
}

/** What an environment declares; account ids come from configuration. */
export type AksDeclaration = Omit<AksClusterArgs, "subscription" | "tenant">;
