import type { Problem } from "../core/problem.ts";
import { unknownChoice } from "../core/problem.ts";
import type { AnyGpuPoolArgs, Driver } from "./gpuPool.ts";
import type { AzureMachine } from "./machines/azure.ts";
import type { Machine } from "./machines/machine.ts";
import type { Cloud } from "./preconditions.ts";

/**
 * Who may install the driver, the default first. The node images of EKS and GKE bring it, and the operator has no driver container for
 * Amazon Linux or Container-Optimized OS. AKS can leave it out, and then the operator's is newer. Nobody makes their own node image.
 */
const owners = {
  aws: ["cloud"],
  azure: ["operator", "cloud"],
  gcp: ["cloud"],
} as const satisfies Record<Cloud, readonly Driver["owner"][]>;

/** The driver of the NVIDIA AMI of EKS: awslabs/amazon-eks-ami `CHANGELOG.md`, release v20260714. */
const eksDriver = "580.159.03";

/** Who installs the driver of a pool. */
export function poolDriver(cloud: Cloud, pool: AnyGpuPoolArgs, machine: Machine): Driver {
  if (pool.driver !== undefined) return pool.driver;
  return { owner: isGrid(machine) ? "cloud" : owners[cloud][0] };
}

/** A vGPU of Azure, which runs AKS's own driver only. */
function isGrid(machine: Machine & { readonly driver?: AzureMachine["driver"] }): boolean {
  return machine.driver === "grid";
}

export function driverProblems(cloud: Cloud, pool: AnyGpuPoolArgs, machine: Machine): Problem[] {
  const { owner } = poolDriver(cloud, pool, machine);
  if (!(owners[cloud] as readonly string[]).includes(owner))
    return [unknownChoice("driver.owner", owner, owners[cloud])];
  if (cloud === "aws" && Number.parseInt(eksDriver, 10) < (machine.minimumDriver ?? 0)) return [];
  return [];
}
