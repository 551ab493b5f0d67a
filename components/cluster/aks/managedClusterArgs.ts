import type { ManagedClusterArgs } from "@pulumi/azure-native/containerservice/managedCluster.js";
import type * as pulumi from "@pulumi/pulumi";
import type { SystemNodes } from "../cloudAdapter.ts";
import type { AksClusterArgs } from "./aksArgs.ts";
import type { CustomerKey } from "./aksKeys.ts";
import { type AksBlocks, podCidr } from "./aksNetwork.ts";
import type { AksScope } from "./aksScope.ts";

export interface ManagedClusterWiring {
  readonly scope: AksScope;
  readonly identityId: pulumi.Input<string>;
  readonly nodeSubnetId: pulumi.Input<string>;
  readonly apiServerSubnetId: pulumi.Input<string>;
  readonly blocks: AksBlocks;
  /** Of the secrets in etcd. */
  readonly key: CustomerKey;
}

/** Enough for the platform beside AKS' own pods. */
export const defaultSystemMachine = "Standard_D4ds_v5";

const mostSystemNodes = 9;

/** The room on system nodes. The sizes of machines without GPUs are not listed here, but for the default. */
export function aksSystemNodes({
  systemMachine = defaultSystemMachine,
}: Pick<AksClusterArgs, "systemMachine">): SystemNodes | undefined {
  return systemMachine === defaultSystemMachine ? { vcpu: 4, memoryGiB: 16, max: mostSystemNodes } : undefined;
}

/** The cluster in AKS' words, with the one pool that it cannot be without. */
export function managedClusterArgs(args: AksClusterArgs, wiring: ManagedClusterWiring): ManagedClusterArgs {
  const { scope, blocks } = wiring;
  return {
    resourceName: scope.cluster,
    resourceGroupName: scope.resourceGroupName,
    location: scope.location,
    nodeResourceGroup: `${scope.cluster}-nodes`,
    dnsPrefix: scope.cluster.slice(0, 54).replace(/-+$/, ""),
    kubernetesVersion: args.kubernetesVersion,
    sku: { name: "Base", tier: "Standard" },
    identity: { type: "UserAssigned", userAssignedIdentities: [wiring.identityId] },
    ...access(args, wiring),
    networkProfile: {
      networkPlugin: "azure",
      networkPluginMode: "overlay",
      networkDataplane: "cilium",
      networkPolicy: "cilium",
      outboundType: "loadBalancer",
      loadBalancerSku: "standard",
      loadBalancerProfile: { managedOutboundIPs: { count: 1 } },
      podCidr,
      serviceCidr: blocks.services,
      dnsServiceIP: blocks.dns,
    },
    oidcIssuerProfile: { enabled: true },
    securityProfile: {
      workloadIdentity: { enabled: true },
      imageCleaner: { enabled: true, intervalHours: 168 },
      azureKeyVaultKms: {
        enabled: true,
        keyId: wiring.key.keyUriWithVersion,
        keyVaultNetworkAccess: "Private",
        keyVaultResourceId: wiring.key.vaultId,
      },
    },
    autoUpgradeProfile: { upgradeChannel: "patch", nodeOSUpgradeChannel: "NodeImage" },
    // A GPU node is of use minutes after it has joined; giving up on it earlier would buy another one.
    autoScalerProfile: { expander: "least-waste", maxNodeProvisionTime: "30m" },
    storageProfile: {
      diskCSIDriver: { enabled: true },
      snapshotController: { enabled: true },
      fileCSIDriver: { enabled: false },
      blobCSIDriver: { enabled: false },
    },
    agentPoolProfiles: [systemPool(args, wiring)],
    tags: scope.tags,
  };
}

/**
 * Who gets in and how: by Entra only, over an address in the cluster's own network. The name of that address is public,
 * so that it is resolved wherever the network is reached from, without a private DNS zone that each of those networks
 * would have to be linked to.
 */
function access(
  { endpoint = { kind: "private" }, admins, tenant }: AksClusterArgs,
  { apiServerSubnetId }: ManagedClusterWiring,
): Pick<ManagedClusterArgs, "aadProfile" | "apiServerAccessProfile" | "disableLocalAccounts" | "enableRBAC"> {
  return {
    enableRBAC: true,
    disableLocalAccounts: true,
    aadProfile: { managed: true, enableAzureRBAC: true, tenantID: tenant, adminGroupObjectIDs: [...admins] },
    apiServerAccessProfile: {
      disableRunCommand: true,
      enableVnetIntegration: true,
      subnetId: apiServerSubnetId,
      ...(endpoint.kind === "private"
        ? { enablePrivateCluster: true, privateDNSZone: "none", enablePrivateClusterPublicFQDN: true }
        : { enablePrivateCluster: false, authorizedIPRanges: [...endpoint.cidrs] }),
    },
  };
}

/** For AKS' own pods and the platform. Without a taint: there is no other pool for what needs no GPU. */
function systemPool(
  { systemMachine = defaultSystemMachine, kubernetesVersion, zones }: AksClusterArgs,
  { scope, nodeSubnetId }: ManagedClusterWiring,
) {
  return {
    name: "system",
    mode: "System",
    type: "VirtualMachineScaleSets",
    vmSize: systemMachine,
    availabilityZones: [...zones].sort(),
    count: 3,
    enableAutoScaling: true,
    minCount: 3,
    maxCount: mostSystemNodes,
    orchestratorVersion: kubernetesVersion,
    osType: "Linux",
    osSKU: "Ubuntu",
    osDiskType: "Managed",
    osDiskSizeGB: 128,
    enableEncryptionAtHost: true,
    enableNodePublicIP: false,
    securityProfile: { enableSecureBoot: true, enableVTPM: true },
    upgradeSettings: { maxSurge: "33%" },
    vnetSubnetID: nodeSubnetId,
    tags: scope.tags,
  };
}
