import type * as pulumi from "@pulumi/pulumi";
import type { CloudClusterArgs } from "../cloudCluster.ts";
import type { KubeLogin } from "./aksKubeconfig.ts";
import type { azureMachines } from "./azureMachines.ts";

/**
 * A cluster of Azure Kubernetes Service with its network, keys and stores, in a resource group of its own. `admins` are
 * object ids of groups in Entra (`aadProfile.adminGroupObjectIDs`); their members are cluster administrators.
 */
export interface AksClusterArgs extends CloudClusterArgs<keyof typeof azureMachines, "onDemand" | "spot" | "reserved"> {
  /**
   * Id of the subscription, a UUID. Names of storage accounts and vaults depend on it. Changing it replaces everything.
   */
  readonly subscription: pulumi.Input<string>;
  /** Id of the Entra tenant that the subscription trusts, a UUID. Changing it replaces everything. */
  readonly tenant: pulumi.Input<string>;
  /**
   * Where the Kubernetes API listens. `private`: on an address in the cluster's network, reached from there and from
   * peered networks. `public`: on a public address, too, which admits `cidrs` only, at least one
   * (`authorizedIPRanges`).
   * @default `{ kind: "private" }`, as on the other clouds. Changing it updates the cluster in place, since the API
   * server has its own subnet either way (MicrosoftDocs/azure-aks-docs
   * `articles/aks/api-server-vnet-integration.md`).
   */
  readonly endpoint?: { readonly kind: "private" } | { readonly kind: "public"; readonly cidrs: readonly string[] };
  /**
   * How kubelogin gets a token for whoever uses the kubeconfig. The kubeconfig contains no credential.
   * @default "azurecli": works for a person and for a pipeline that has run `az login`. Changing it replaces nothing.
   */
  readonly login?: KubeLogin;
  /**
   * `vmSize` of the system pool, three to nine nodes for all that needs no GPU.
   * @default "Standard_D4ds_v5": 4 vCPU, 16 GiB, enough for the platform. AKS refuses to change it.
   */
  readonly systemMachine?: string;
  /**
   * Public addresses from which versions of models are uploaded: single IPv4 addresses, or blocks from /8 to /30. They
   * become `networkRuleSet.ipRules` of the model store's account. Whoever uploads also needs a role on the container.
   * @default none: only the cluster's own nodes reach the model store. Changing it replaces nothing.
   */
  readonly uploadCidrs?: readonly string[];
}

/** What an environment declares. Subscription and tenant come from configuration. */
export type AksDeclaration = Omit<AksClusterArgs, "subscription" | "tenant">;
