import { kubernetesVersions } from "../../core/kubernetesVersions.ts";
import type { Problem } from "../../core/problem.ts";
import { repeats } from "../../core/repeats.ts";
import type { RuleBook } from "../ruleBook.ts";
import type { AksDeclaration } from "./aksArgs.ts";
import { defaultSystemMachine } from "./managedClusterArgs.ts";
import { type SystemMachine, systemMachineOf } from "./systemMachine.ts";

/** The resource providers of everything that the AKS component makes. */
export const resourceProviders = [
  "Microsoft.Compute",
  "Microsoft.ContainerService",
  "Microsoft.Insights",
  "Microsoft.KeyVault",
  "Microsoft.ManagedIdentity",
  "Microsoft.Network",
  "Microsoft.Storage",
] as const;

const mostNodes = 1000;

/** What Azure refuses, keeps, or needs beforehand. */
export const azureRuleBook = {
  "resource-providers": {
    kind: "needs",
    says: `The subscription has these resource providers registered: ${resourceProviders.join(", ")}. A new one lacks most of them.`,
    source: 'Azure documentation, "Azure resource providers and types"; pulumi/pulumi-azure-native #3479',
    command: () => `for p in ${resourceProviders.join(" ")}; do az provider register --wait --namespace $p; done`,
  },
  "encryption-at-host": {
    kind: "needs",
    says: "The subscription has the feature EncryptionAtHost of Microsoft.Compute registered.",
    source: 'AKS documentation, "Host-based encryption on AKS"',
    command: () => {
      const feature = "--namespace Microsoft.Compute --name EncryptionAtHost";
      return `az feature register ${feature}; until az feature show ${feature} --query properties.state | grep -q '"Registered"'; do sleep 30; done; az provider register --namespace Microsoft.Compute`;
    },
  },
  "zones-of-sizes": {
    kind: "needs",
    says: "The region has each machine size in every zone of its pool, and sells it to the subscription. Azure refuses a pool with another zone; give it `zones`. The command prints zones and restrictions of each size.",
    source: 'Azure/AKS #1444; AKS documentation, "Available VM sizes"',
    command: ({ region, systemMachine = defaultSystemMachine, gpuPools = {} }) => {
      const sizes = new Set([systemMachine, ...Object.values(gpuPools).map(({ machine }) => machine)]);
      const named = [...sizes].map((size) => `name=='${size}'`).join(" || ");
      return `az vm list-skus --location ${region} --resource-type virtualMachines --zone --all --query "[?${named}].{size:name,zones:locationInfo[0].zones,restrictions:restrictions[].reasonCode}"`;
    },
  },
  "reserved-words": {
    kind: "refuses",
    says: "A resource with an endpoint whose name has `microsoft` or `windows` in it, or begins with `login`. The names of a cluster's API server, vaults and storage accounts begin with the cluster's, `<environment>-<key>`, the latter two without hyphens.",
    source: 'Azure documentation, "Resolve errors for reserved resource names"',
    refusesName: (name) =>
      /^login|microsoft|windows/.test(name.replaceAll("-", ""))
        ? 'the names of its vaults and accounts begin with it, where Azure takes no "microsoft" and "windows", and no "login" first.'
        : undefined,
  },
  "region-of-the-api-server": {
    kind: "refuses",
    says: "The API server in a subnet of one's own, in Qatar Central.",
    source: 'AKS documentation, "API Server VNet Integration", limited availability',
    problems: ({ region }) =>
      region === "qatarcentral"
        ? [
            {
              path: "region",
              reason: '"qatarcentral" has no API servers in networks of their own, which AKS has in all other regions.',
              fix: 'Choose another region, for example "uaenorth".',
            },
          ]
        : [],
  },
  "machines-of-reservations": {
    kind: "refuses",
    says: "Capacity reservations of ND machines and of NCads H100 v5.",
    source: 'Azure documentation, "On-demand capacity reservation", limitations and restrictions',
    problems: ({ gpuPools = {} }) =>
      Object.entries(gpuPools).flatMap(([key, { machine, purchase }]) =>
        purchase?.kind === "reserved" && /^Standard_ND|_H100_v5$/.test(machine)
          ? [
              {
                path: `gpuPools["${key}"].purchase`,
                reason: `Azure reserves no capacity of "${machine}", nor of any other ND or H100 machine.`,
                fix: 'Write { kind: "onDemand" } or { kind: "spot" }, or choose another machine.',
              },
            ]
          : [],
      ),
  },
  "places-of-reservations": {
    kind: "refuses",
    says: "Machines of a capacity reservation in a proximity placement group, which `compact` makes.",
    source: 'Azure documentation, "On-demand capacity reservation", limitations and restrictions',
    problems: ({ gpuPools = {} }) =>
      Object.entries(gpuPools).flatMap(([key, { placement, purchase }]) =>
        purchase?.kind === "reserved" && placement === "compact"
          ? [
              {
                path: `gpuPools["${key}"].placement`,
                reason:
                  '"compact" cannot be had of reserved capacity: Azure takes it into no proximity placement group.',
                fix: "Leave placement out, or buy on demand.",
              },
            ]
          : [],
      ),
  },
  "nodes-of-a-pool": {
    kind: "refuses",
    says: "A pool of more than 1000 nodes.",
    source: "`count` of `AgentPool` in the specification of Microsoft.ContainerService; Azure/AKS #4185",
    problems: ({ gpuPools = {} }) =>
      Object.entries(gpuPools).flatMap(([key, { max }]) =>
        max > mostNodes
          ? [
              {
                path: `gpuPools["${key}"].max`,
                reason: `${max} is above ${mostNodes}, the most nodes of a pool of AKS.`,
                fix: `Write at most ${mostNodes}, and another pool.`,
              },
            ]
          : [],
      ),
  },
  "one-peering-with-a-network": {
    kind: "refuses",
    says: "A second peering of two virtual networks (`AnotherPeeringAlreadyReferencesRemoteVnet`).",
    source: 'Azure documentation, "Virtual network peering"; the error code of Microsoft.Network',
    problems: ({ peerings = {} }) =>
      repeats(Object.entries(peerings), ([, id]) => id.toLowerCase()).map(({ item: [key], first: [before] }) => ({
        path: `peerings["${key}"]`,
        reason: `it is the network of "${before}", which a virtual network is peered with once.`,
        fix: "Remove one of them.",
      })),
  },
  "versions-of-all-pools": {
    kind: "refuses",
    says: "A request for a cluster names the Kubernetes version of all its pools or of none. The cluster's request has the system pool alone, so it names none, and upgrades the control plane alone.",
    source: "Azure/AKS #4765, #2889; pulumi/pulumi-azure-native #2094",
  },
  "control-plane-alone": {
    kind: "refuses",
    says: "AKS upgrades no control plane alone while it brings patches of Kubernetes itself, and with a spot pool no control plane together with pools. So `nodesVersion` is declared for an upgrade: it turns automatic patches off.",
    source: 'AKS documentation, "Autoupgrade an AKS cluster", "Add an Azure Spot node pool"',
  },
  "nodes-version": {
    kind: "refuses",
    says: "Nodes are never newer than the control plane. One minor version behind is what an upgrade needs.",
    source: 'AKS documentation, "Upgrade node pools", validation rules for upgrades',
    problems: ({ kubernetesVersion, nodesVersion = kubernetesVersion }) => {
      const index = kubernetesVersions.indexOf(kubernetesVersion);
      const possible = kubernetesVersions.slice(Math.max(0, index - 1), index + 1);
      return index < 0 || possible.includes(nodesVersion)
        ? []
        : [
            {
              path: "nodesVersion",
              reason: `"${nodesVersion}" is not the control plane's "${kubernetesVersion}" or the minor version before.`,
              fix: `Write ${possible.map((version) => `"${version}"`).join(" or ")}.`,
            },
          ];
    },
  },
  "locked-retention": {
    kind: "keeps",
    says: "A locked immutability policy is never lowered. It is raised by a request of its own, five times at most, which no provider of Pulumi makes: the next `up` prints the commands.",
    source:
      'hashicorp/terraform-provider-azurerm #28660; Azure documentation, "Container-level WORM policies for immutable blob data"',
  },
  "private-to-public": {
    kind: "keeps",
    says: "A private API server becomes public by a preview feature only. From public to private is generally available.",
    source: 'AKS documentation, "API Server VNet Integration", disable private cluster mode',
  },
  "deleted-pool": {
    kind: "keeps",
    says: "When a node pool is deleted, its nodes and their pods go at once: AKS neither cordons nor drains them. Where it does look at PodDisruptionBudgets, one that lets no pod go fails the deletion.",
    source: 'AKS documentation, "Delete an Azure Kubernetes Service (AKS) node pool"',
  },
  "names-of-vaults": {
    kind: "keeps",
    says: "The name of a deleted vault with purge protection is taken for 90 days, and the names here are the same in every run. A cluster of the same key in the same subscription ends at its vaults before that, until they are recovered and imported.",
    source: 'Key Vault documentation, "Azure Key Vault soft-delete overview"; Azure/azure-powershell #12573, #15115',
  },
  "subnets-in-motion": {
    kind: "refuses",
    says: "A storage account takes no rule for a subnet while any subnet of that network changes, as while AKS joins it (`SubnetsNotProvisioned`). So the model store is made after the network and before the cluster. A later change of `uploadCidrs` that meets it is repeated.",
    source: "Azure/azure-rest-api-specs #11143",
    suspected: true,
  },
  "arm64-system-machine": {
    kind: "refuses",
    says: "The system pool has Trusted Launch, which AKS does not offer on Arm64 machines (a p after the number of vCPUs).",
    source: 'AKS documentation, "Trusted Launch for AKS", limitations',
    problems: systemMachineProblems(
      ({ features }) => features.includes("p"),
      "has an Arm64 processor, on which AKS has no Trusted Launch",
    ),
  },
  "generation-1-system-machine": {
    kind: "refuses",
    says: "Trusted Launch needs a machine of generation 2. Machines of the families A, DC, EC, G and M have none with it, nor have D, E and F machines up to v4 without an s.",
    source: 'Azure documentation, "Trusted Launch for Azure virtual machines", virtual machine sizes',
    problems: systemMachineProblems(
      ({ family, features, version }) =>
        /^(A|DC|EC|G|GS|M)$/.test(family) || (/^[DEF]$/.test(family) && version < 5 && !features.includes("s")),
      "is a machine without Trusted Launch, which needs generation 2",
    ),
  },
  "small-system-machine": {
    kind: "refuses",
    says: "The machines of a system pool have 4 vCPU or more, and are not of the B family.",
    source: 'AKS documentation, "Manage system node pools", limitations',
    problems: systemMachineProblems(
      ({ family, vcpu = 4 }) => family.startsWith("B") || vcpu < 4,
      "is of the B family or has less than 4 vCPU, which AKS refuses for a system pool",
    ),
  },
  "admissions-enforcer": {
    kind: "keeps",
    says: "AKS adds to the namespaceSelector of every webhook and owns the field, so the next change of the webhook is a conflict. Webhooks that the platform installs have the annotation `admissions.enforcer/disabled`.",
    source: 'AKS documentation, "Frequently asked questions", admission controller webhooks; Azure/AKS #1771, #4002',
  },
} as const satisfies RuleBook<AksDeclaration>;

/** Refuses a system machine that is so. What is no machine of Azure's form is refused elsewhere. */
function systemMachineProblems(
  isSo: (machine: SystemMachine) => boolean,
  why: string,
): (declared: AksDeclaration) => readonly Problem[] {
  return ({ systemMachine = defaultSystemMachine }) => {
    const machine = systemMachineOf(systemMachine);
    return machine !== undefined && isSo(machine)
      ? [
          {
            path: "systemMachine",
            reason: `"${systemMachine}" ${why}.`,
            fix: `Write, for example, "${defaultSystemMachine}".`,
          },
        ]
      : [];
  };
}
