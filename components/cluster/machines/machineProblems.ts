import type { Problem } from "../../core/problem.ts";
import { cudaMajors } from "../../core/versions/drivers.ts";
import type { CloudRules } from "../cloudRules.ts";
import { gpuFacts } from "./gpus.ts";

import type { Machine } from "./machine.ts";

/**
 * The least of a GPU node: the model server's own need beside drivers, exporters and the mesh. Nominal sizes, as
 * catalogues have them.
 */
export const floor = { vcpu: 8, memoryGiB: 32 } as const;

/** Of the CUDA that current Triton is built with. */
export const oldestComputeCapability = cudaMajors[13].minimumComputeCapability;

type Catalogue = Pick<CloudRules, "machines" | "machineFaults">;

/** Why a machine cannot carry models here, if it cannot, and what to take instead. */
export function machineProblems(rules: Catalogue, name: string, machine: Machine): Problem[] {
  const faults = machineFaults(rules, machine);
  if (faults.length === 0) return [];
  const instead = nearestFitting(rules, machine);
  return faults.map((fault) => ({
    path: "machine",
    reason: `"${name}" ${fault}.`,
    ...(instead === undefined ? {} : { fix: `Write "${instead[0]}" (${describeMachine(instead[1])}).` }),
  }));
}

function machineFaults(rules: Catalogue, machine: Machine): string[] {
  const { vcpu, memoryGiB, gpu, fraction, arch } = machine;
  const { computeCapability } = gpuFacts(gpu);
  const faults: string[] = [];
  if (vcpu < floor.vcpu || memoryGiB < floor.memoryGiB) {
    faults.push(
      `has ${vcpu} vCPU and ${memoryGiB} GiB, but a GPU node needs at least ${floor.vcpu} and ${floor.memoryGiB} for the model server and what runs beside it`,
    );
  }
  if (fraction !== undefined) faults.push(`has a share of one ${gpu}, but models ask for whole GPUs`);
  if (arch === "arm64") faults.push("has arm64 CPUs, but Triton's image is pinned for amd64");
  if (computeCapability < oldestComputeCapability) {
    faults.push(
      `has a ${gpu} of compute capability ${computeCapability.toFixed(1)}, but current Triton needs ${oldestComputeCapability}`,
    );
  }
  return [...faults, ...rules.machineFaults(machine)];
}

/** The same GPU before another one, then what falls short of its memory the least, then the smallest machine. */
function nearestFitting(rules: Catalogue, { gpu }: Machine): [string, Machine] | undefined {
  const memory = gpuFacts(gpu).memoryGiB;
  const rank = (machine: Machine) => {
    const short = memory - gpuFacts(machine.gpu).memoryGiB;
    return [machine.gpu === gpu ? 0 : 1, Math.max(short, 0), machine.gpus, machine.vcpu, machine.memoryGiB, -short];
  };
  return Object.entries(rules.machines)
    .filter(([, machine]) => machineFaults(rules, machine).length === 0)
    .map((entry) => ({ entry, rank: rank(entry[1]) }))
    .sort((a, b) => a.rank.map((value, index) => value - (b.rank[index] ?? 0)).find((order) => order !== 0) ?? 0)[0]
    ?.entry;
}

function describeMachine({ vcpu, memoryGiB, gpus, gpu }: Machine): string {
  return `${vcpu} vCPU, ${memoryGiB} GiB, ${gpus} × ${gpu}`;
}
