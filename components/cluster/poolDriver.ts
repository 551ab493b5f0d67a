import { type Problem, unknownChoice } from "../core/problem.ts";
import type { AzureMachine } from "./aks/azureMachines.ts";
import type { AnyGpuPoolArgs, Driver } from "./gpuPool.ts";
import type { Cloud, Machine } from "./machines/machine.ts";

/**
 * Who can install the driver on a cloud, the default first. The node images of EKS and GKE bring it, and there the operator's is
 * supported on Ubuntu only, which neither image is (NVIDIA/cloud-native-docs `gpu-operator/platform-support.rst`). AKS can leave it out,
 * and then the operator's is the newer one. `preinstalled` is for machines whose image is your own.
 */
const owners = {
  aws: ["cloud"],
  azure: ["operator", "cloud"],
  gcp: ["cloud"],
} as const satisfies Record<Cloud, readonly Driver["owner"][]>;

const clusterName = { aws: "EKS", azure: "AKS", gcp: "GKE" } as const satisfies Record<Cloud, string>;

/** Who installs the driver of a pool: who it says, else the cloud's default. */
export function poolDriver(cloud: Cloud, pool: AnyGpuPoolArgs, machine: Machine): Driver {
  return pool.driver ?? { owner: possibleOwners(cloud, pool, machine)[0] };
}

/**
 * Two kinds of nodes on AKS need its own driver: vGPUs, on which the operator's fails (Azure/AKS #5869), and MIG, since AKS cuts the
 * slices itself while a node starts (Azure/AgentBaker `mig-partition.sh`).
 */
function possibleOwners(cloud: Cloud, { sharing }: AnyGpuPoolArgs, machine: Machine) {
  return cloud === "azure" && (isGrid(machine) || sharing?.kind === "mig") ? (["cloud"] as const) : owners[cloud];
}

function isGrid(machine: Machine & Partial<Pick<AzureMachine, "driver">>): boolean {
  return machine.driver === "grid";
}

/** Problems of a pool's driver. */
export function driverProblems(cloud: Cloud, pool: AnyGpuPoolArgs, machine: Machine): Problem[] {
  const { driver } = pool;
  if (driver === undefined) return [];
  const possible: readonly string[] = possibleOwners(cloud, pool, machine);
  const every = ["cloud", "operator", "preinstalled"];
  if (!every.includes(driver.owner)) return [unknownChoice("driver.owner", driver.owner, possible)];
  if (!possible.includes(driver.owner)) {
    return [
      {
        path: "driver.owner",
        reason: `"${driver.owner}" cannot install the driver on "${pool.machine}": ${refusal(cloud, driver, machine)}.`,
        fix: `Write "${possible.join('" or "')}", or leave driver out.`,
      },
    ];
  }
  if (driver.owner === "cloud" || driver.version === undefined || /^\d{3}(\.\d{1,3}){1,2}$/.test(driver.version)) {
    return [];
  }
  return [
    {
      path: "driver.version",
      reason: `"${driver.version}" is not a full driver version.`,
      fix: 'Write, for example, "595.91.07".',
    },
  ];
}

function refusal(cloud: Cloud, { owner }: Driver, machine: Machine): string {
  if (owner === "preinstalled") return `the node image is ${clusterName[cloud]}'s own`;
  if (cloud === "azure") {
    return isGrid(machine) ? "its vGPUs run AKS's GRID driver only" : "AKS cuts MIG slices with its own driver";
  }
  return `the node image of ${clusterName[cloud]} brings the driver, and the operator's is for Ubuntu`;
}
