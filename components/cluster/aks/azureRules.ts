import type { CloudRules, QuotaShare } from "../cloudRules.ts";
import { type AnyGpuPoolArgs, defaultPurchase, type NodeTaint } from "../gpuPool.ts";
import { hasSmallestProfileOfSlices } from "../machines/gpus.ts";
import type { Machine } from "../machines/machine.ts";
import { type AzureMachine, azureMachines } from "./azureMachines.ts";
import { azureRegions } from "./azureRegions.ts";

/** The taint that AKS puts on every spot node, with a label of the same key and value (gpu-operator #577). */
export const spotTaint = {
  key: "kubernetes.azure.com/scalesetpriority",
  value: "spot",
  effect: "NoSchedule",
} as const satisfies NodeTaint;

const driverSource = "Azure/karpenter-provider-azure `pkg/utils/gpu.go` at 352646f5";

/** What Azure and AKS accept. */
export const azureRules = {
  cloud: "azure",
  title: "Azure",
  service: "AKS",
  operatorLabels: true,
  virtualMachines: true,
  // AKS's own container toolkit names it so in containerd: NVIDIA/cloud-native-docs `gpu-operator/microsoft-aks.rst`.
  runtimeClass: "nvidia-container-runtime",
  spotTaints: [spotTaint],
  // AKS makes the MIG slices of a pool that has AKS's driver; the default of MIG manager would undo them.
  cutsMigSlices: ({ owner }) => owner === "cloud",
  // AKS names profiles by their compute slices alone (Azure/AgentBaker `mig-partition.sh`).
  hasMigProfile: (_gpu, profile, known) => hasSmallestProfileOfSlices(profile, known),
  regions: { form: /^[a-z]+\d?$/, example: "westeurope", known: azureRegions, zone: () => ["1", /[1-3]$/] },
  machines: azureMachines,
  machineFaults: () => [],
  purchases: ["onDemand", "spot", "reserved"],
  reservation: {
    form: /^\/subscriptions\/[^/]+\/resourceGroups\/[^/]+\/providers\/Microsoft\.Compute\/capacityReservationGroups\/[^/]+$/i,
    what: "the id of a capacity reservation group",
    example: "/subscriptions/<id>/resourceGroups/<group>/providers/Microsoft.Compute/capacityReservationGroups/<name>",
    // A group spans zones.
    inOneZone: false,
  },
  purchaseProblems: () => [],
  placementProblems: () => [],
  // AKS can leave its driver out, and the GPU operator's is newer. Two kinds of nodes need AKS's own: vGPUs, on which
  // the operator's fails (Azure/AKS #5869), and MIG, since AKS makes the slices while a node starts
  // (Azure/AgentBaker `mig-partition.sh`).
  driverOwners: ({ sharing }, machine) =>
    isGrid(machine) || sharing?.kind === "mig" ? ["cloud"] : ["operator", "cloud"],
  driverRefusal: (owner, machine) => {
    if (owner === "preinstalled") return "the node image is AKS's own";
    return isGrid(machine) ? "its vGPUs run AKS's GRID driver only" : "AKS cuts MIG slices with its own driver";
  },
  drivers: {
    cuda: { where: "AKS, CUDA driver", version: "580.159.04", source: driverSource },
    grid: { where: "AKS, GRID driver (NVads A10 v5)", version: "570.211.01", source: driverSource },
    gridV20: { where: "AKS, GRID v20 driver (RTX PRO 6000)", version: "595.58.03", source: driverSource },
  },
  quotaShares,
} as const satisfies CloudRules;

/** Whether a machine has vGPUs, which need the GRID driver. */
export function isGrid(machine: Machine & Partial<Pick<AzureMachine, "driver">>): boolean {
  return machine.driver === "grid";
}

/**
 * vCPU quotas by family of the catalogue, as `az vm list-usage` names them. Azure's own capital letters vary.
 */
const families: Readonly<Record<string, string>> = {
  NCasT4_v3: "Standard NCASv3_T4 Family",
  NC_A100_v4: "StandardNCADSA100v4Family",
  NCads_H100_v5: "StandardNCadsH100v5Family",
  NDasrA100_v4: "Standard NDASv4_A100 Family",
  NDm_A100_v4: "standard NDAMSv4_A100Family",
  ND_H100_v5: "standardNDSH100v5Family",
  ND_H200_v5: "standardNDISRH200V5Family",
  NVadsA10_v5: "StandardNVADSA10v5Family",
};

/**
 * Two quotas apply: vCPU of the family, and vCPU of all families (`cores`). Spot machines of all families share one. An
 * upgrade of a pool that is bought on demand has one node more than the pool (MicrosoftDocs/azure-aks-docs
 * `articles/aks/upgrade-capacity-cost-planning.md`).
 */
function quotaShares(region: string, pool: AnyGpuPoolArgs, { family, vcpu }: Machine): QuotaShare[] {
  const { kind } = pool.purchase ?? defaultPurchase;
  const nodes = pool.max + (kind === "onDemand" ? 1 : 0);
  const share = { region, needed: nodes * vcpu, unit: "vCPU" } as const;
  if (kind === "spot") return [{ ...share, quota: "lowPriorityCores" }];
  return [
    { ...share, quota: families[family] ?? family },
    { ...share, quota: "cores" },
  ];
}
