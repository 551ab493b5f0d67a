import type * as pulumi from "@pulumi/pulumi";
import type { KubernetesVersion } from "../../core/kubernetesVersions.ts";
import type { ConfigurationValue } from "../cloudAdapter.ts";
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
   * @default `{ kind: "private" }`, as on the other clouds. `cidrs`, and public to private, are updated in place. From
   * private to public is a preview feature of AKS (MicrosoftDocs/azure-aks-docs
   * `articles/aks/api-server-vnet-integration.md`, "Disable private cluster mode"): choose before the first `up`.
   */
  readonly endpoint?: { readonly kind: "private" } | { readonly kind: "public"; readonly cidrs: readonly string[] };
  /**
   * Virtual networks from which the private API server is reached, by a name of yours: ARM ids of networks in any
   * subscription of the tenant, with no address of `cidr`. Each becomes a `VirtualNetworkPeering`; the owner of the
   * other network makes the other half (`docs/clusters/aks.md`). Another id replaces the peering.
   * @default none: what is in the cluster's own network reaches it.
   */
  readonly peerings?: Readonly<Record<string, string>>;
  /**
   * How kubelogin gets a token for whoever uses the kubeconfig. The kubeconfig contains no credential.
   * @default "azurecli": works for a person and for a pipeline that has run `az login`. Changing it replaces nothing.
   */
  readonly login?: KubeLogin;
  /**
   * Minor version of the GPU pools, `kubernetesVersion` or the one before. While it is declared, AKS brings no patch of
   * Kubernetes by itself, and `kubernetesVersion` can be raised: the control plane first, then the pools by raising
   * this too. `docs/clusters/aks.md` has the steps. Changing it upgrades nodes in place; a step down is refused by AKS.
   * @default `kubernetesVersion`, with patches on Sundays. AKS then refuses another `kubernetesVersion`.
   */
  readonly nodesVersion?: KubernetesVersion;
  /**
   * `vmSize` of the system pool, three to nine nodes for all that needs no GPU.
   * @default "Standard_D4ds_v5": 4 vCPU, 16 GiB, enough for the platform. AKS refuses to change it.
   */
  readonly systemMachine?: string;
  /**
   * Public addresses from which versions of models are uploaded: single IPv4 addresses, or blocks from /8 to /30. They
   * become `networkRuleSet.ipRules` of the model store's account. Whoever uploads also needs a role on the container.
   * An Output is taken as it is, without a check.
   * @default none: only the cluster's own nodes reach the model store. Changing it replaces nothing.
   */
  readonly uploadCidrs?: readonly string[] | pulumi.Output<readonly string[]>;
}

/** What an environment declares. Subscription and tenant come from configuration. */
export type AksDeclaration = Omit<AksClusterArgs, "subscription" | "tenant" | "uploadCidrs"> & {
  /**
   * Public addresses from which versions of models are uploaded: single IPv4 addresses, or blocks from /8 to /30. They
   * become `networkRuleSet.ipRules` of the model store's account. `{ configuration: "azureUploadCidrs" }`: the stack's
   * configuration has them under this key, divided by commas. Whoever uploads also needs a role on the container.
   * @default none: only the cluster's own nodes reach the model store. Changing it replaces nothing.
   */
  readonly uploadCidrs?: readonly string[] | ConfigurationValue;
};
