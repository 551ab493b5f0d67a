import type { ManagedClusterArgs } from "@pulumi/azure-native/containerservice/managedCluster.js";
import type * as pulumi from "@pulumi/pulumi";
import type { SystemNodes } from "../cloudAdapter.ts";
import type { QuotaShare } from "../cloudRules.ts";
import type { AksClusterArgs } from "./aksArgs.ts";
import type { CustomerKey } from "./aksKeys.ts";
import { type AksBlocks, podCidr } from "./aksNetwork.ts";
import type { AksScope } from "./aksScope.ts";
import { systemMachineOf } from "./systemMachine.ts";

/** What the managed cluster has from other resources of its cluster. */
export interface ManagedClusterWiring {
  /** Name, resource group, location and tags of the cluster. */
  readonly scope: AksScope;
  /** `identity.userAssignedIdentities`: ARM id of the identity that the control plane acts as. */
  readonly identityId: pulumi.Input<string>;
  /** `vnetSubnetID` of the system pool: ARM id of the subnet of the nodes. */
  readonly nodeSubnetId: pulumi.Input<string>;
  /** `apiServerAccessProfile.subnetId`: ARM id of the subnet that is delegated to AKS. */
  readonly apiServerSubnetId: pulumi.Input<string>;
  /** `services` becomes `networkProfile.serviceCidr`, `dns` becomes `dnsServiceIP`. */
  readonly blocks: AksBlocks;
  /** `securityProfile.azureKeyVaultKms`: encrypts Secrets of Kubernetes in etcd, with the version in `keyId`. */
  readonly key: CustomerKey;
}

/** `vmSize` of system nodes: 4 vCPU and 16 GiB, room for the platform beside AKS's own pods. */
export const defaultSystemMachine = "Standard_D4ds_v5";

/** Three in each zone. */
const mostSystemNodes = 9;

/** The fewest and the most system nodes. */
export const systemNodeCounts = { least: 3, most: mostSystemNodes } as const;

/** Disk of a system node, GiB. */
export const systemDiskGiB = 128;

/** Nodes that an upgrade adds to the system pool at its most: a third of it (`maxSurge`). */
const mostSurgeNodes = 3;

/**
 * Size of the system pool. Undefined for another machine than the default: no catalogue here lists machines without
 * GPUs.
 */
export function aksSystemNodes({
  systemMachine = defaultSystemMachine,
}: Pick<AksClusterArgs, "systemMachine">): SystemNodes | undefined {
  return systemMachine === defaultSystemMachine ? { vcpu: 4, memoryGiB: 16, max: mostSystemNodes } : undefined;
}

/**
 * The quotas that the system pool uses up while it is upgraded at its maximum: of its machine's family, and `cores`.
 * Empty where the name of the machine does not say its vCPU.
 */
export function aksSystemQuota({
  region,
  systemMachine = defaultSystemMachine,
}: Pick<AksClusterArgs, "region" | "systemMachine">): QuotaShare[] {
  const { family, features, version, vcpu } = systemMachineOf(systemMachine) ?? {};
  if (vcpu === undefined) return [];
  const share = { region, needed: (mostSystemNodes + mostSurgeNodes) * vcpu, unit: "vCPU" } as const;
  return [
    { ...share, quota: `standard${family}${features?.toUpperCase()}v${version}Family` },
    { ...share, quota: "cores" },
  ];
}

/** Arguments of the `ManagedCluster`, with the system pool, without which AKS makes no cluster. */
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
    // While AKS brings patches of Kubernetes itself, it upgrades no control plane alone (MicrosoftDocs/azure-aks-docs
    // `articles/aks/auto-upgrade-cluster.md`, "Control plane upgrade constraints").
    autoUpgradeProfile: {
      upgradeChannel: args.nodesVersion === undefined ? "patch" : "none",
      nodeOSUpgradeChannel: "NodeImage",
    },
    // A GPU node is ready only minutes after it has joined. With less time the autoscaler would give it up and buy
    // another.
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
 * Who has access, and by which address. Only identities of Entra have access. The address of a private cluster is in
 * its network, but its name is in public DNS: every network that reaches the address resolves the name, without a link
 * to a private DNS zone.
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

/**
 * The system pool, for AKS's own pods and the platform. It has no taint: no other pool runs what needs no GPU.
 *
 * It names no `orchestratorVersion`: in a request for the cluster AKS wants that of all pools or of none, and the GPU
 * pools are not in it (Azure/AKS #4765, pulumi/pulumi-azure-native #2094). A new pool gets the control plane's version;
 * then the request upgrades the control plane alone (Azure/AKS #2889), and spot pools allow nothing else.
 */
function systemPool(
  { systemMachine = defaultSystemMachine, zones }: AksClusterArgs,
  { scope, nodeSubnetId }: ManagedClusterWiring,
) {
  return {
    name: "system",
    mode: "System",
    type: "VirtualMachineScaleSets",
    vmSize: systemMachine,
    availabilityZones: [...zones].sort(),
    count: systemNodeCounts.least,
    enableAutoScaling: true,
    minCount: systemNodeCounts.least,
    maxCount: systemNodeCounts.most,
    osType: "Linux",
    osSKU: "Ubuntu",
    osDiskType: "Managed",
    osDiskSizeGB: systemDiskGiB,
    enableEncryptionAtHost: true,
    enableNodePublicIP: false,
    securityProfile: { enableSecureBoot: true, enableVTPM: true },
    upgradeSettings: { maxSurge: "33%" },
    vnetSubnetID: nodeSubnetId,
    tags: scope.tags,
  };
}
