import { type Problem, unknownChoice } from "../core/problem.ts";
import type { GpuNodeRules } from "./cloudRules.ts";
import type { Sharing } from "./gpuPool.ts";
import { type GpuModel, gpuFacts } from "./machines/gpus.ts";

/** The most pods on a GPU: what MPS serves, and what GKE accepts. */
const mostShares = 48;

/** Problems of how a pool's GPUs are shared. */
export function sharingProblems(rules: GpuNodeRules, sharing: Sharing, gpu: GpuModel): Problem[] {
  switch (sharing.kind) {
    case "exclusive":
      return [];
    case "mig":
      return migProblems(rules, sharing.profile, gpu);
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

function migProblems({ service, hasMigProfile }: GpuNodeRules, profile: string, gpu: GpuModel): Problem[] {
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
  const possible = known.filter((candidate) => hasMigProfile(gpu, candidate, known));
  if (!known.includes(profile)) return [unknownChoice("sharing.profile", profile, possible)];
  if (possible.includes(profile)) return [];
  return [
    {
      path: "sharing.profile",
      reason: `"${profile}" of ${gpu} is not available on ${service}, which gives slices of ${profile.split("g.")[0]}g the least memory.`,
      fix: `Write one of "${possible.join('", "')}".`,
    },
  ];
}
