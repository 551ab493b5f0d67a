import { type Problem, unknownChoice } from "../core/problem.ts";
import type { Sharing } from "./gpuPool.ts";
import { type GpuModel, gpuFacts } from "./machines/gpus.ts";
import type { Cloud } from "./machines/machine.ts";

/** The most pods on a GPU: what MPS serves, and what GKE accepts. */
const mostShares = 48;

/** Problems of how a pool's GPUs are shared. `onPrem` is any site that cuts its GPUs with NVIDIA's own tools. */
export function sharingProblems(cloud: Cloud | "onPrem", sharing: Sharing, gpu: GpuModel): Problem[] {
  switch (sharing.kind) {
    case "exclusive":
      return [];
    case "mig":
      return migProblems(cloud, sharing.profile, gpu);
    case "timeSlicing":
      return shareProblems("sharing.replicas", sharing.replicas);
    case "mps":
      return shareProblems("sharing.clients", sharing.clients);
    default:
      return [
        unknownChoice("sharing.kind", (sharing as { kind: string }).kind, ["exclusive", "mig", "timeSlicing", "mps"]),
      ];
  }
}

function shareProblems(path: string, shares: number): Problem[] {
  return Number.isInteger(shares) && shares >= 2 && shares <= mostShares
    ? []
    : [
        {
          path,
          reason: `${shares} is not a whole number from 2 to ${mostShares}.`,
          fix: 'Write how many pods share a GPU, or sharing: { kind: "exclusive" } for one.',
        },
      ];
}

function migProblems(cloud: Cloud | "onPrem", profile: string, gpu: GpuModel): Problem[] {
  const known = Object.keys(gpuFacts(gpu).mig ?? {});
  if (known.length === 0) {
    return [
      {
        path: "sharing",
        reason: `${gpu} has no MIG that is confirmed.`,
        fix: 'Write { kind: "mps", clients: 2 } or { kind: "timeSlicing", replicas: 2 }, or choose a machine with A100, H100 or newer.',
      },
    ];
  }
  const possible = known.filter((candidate) => cuts(cloud, gpu, candidate, known));
  if (!known.includes(profile)) return [unknownChoice("sharing.profile", profile, possible)];
  if (possible.includes(profile)) return [];
  return [
    {
      path: "sharing.profile",
      reason: `"${profile}" of ${gpu} cannot be had on ${cloud === "azure" ? "AKS" : "GKE"}, which gives slices of ${profile.split("g.")[0]}g the least memory.`,
      fix: `Write one of "${possible.join('", "')}".`,
    },
  ];
}

/**
 * AKS names profiles by their compute slices alone, and GKE does so on A100: of two profiles with as many slices, both make the one with
 * less memory (NVIDIA MIG profile 19, not 15). Azure/AgentBaker `mig-partition.sh`; GoogleCloudPlatform/container-engine-accelerators
 * `partition_gpu/partition_gpu.go` at 09e2ab1a.
 */
function cuts(cloud: Cloud | "onPrem", gpu: GpuModel, profile: string, known: readonly string[]): boolean {
  if (cloud === "aws" || cloud === "onPrem" || (cloud === "gcp" && !gpu.startsWith("A100"))) return true;
  const memory = (candidate: string) => Number.parseInt(candidate.split("g.")[1] ?? "", 10);
  const slices = `${Number.parseInt(profile, 10)}g.`;
  return known.every((other) => !other.startsWith(slices) || memory(profile) <= memory(other));
}
