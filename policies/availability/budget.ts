import type { Partially } from "../rule.ts";
import type { Budget } from "./needed.ts";

/**
 * Why a PodDisruptionBudget of so many pods does not let them go one after another. Undefined: it does. Shares are
 * rounded up, as Kubernetes does it.
 */
export function budgetFault({ minAvailable, maxUnavailable }: Partially<Budget>, pods: number): string | undefined {
  const going = maxUnavailable === undefined ? pods - podsOf(minAvailable ?? 0, pods) : podsOf(maxUnavailable, pods);
  if (Number.isNaN(going)) return undefined;
  if (going <= 0) return "it lets no pod go, so a drain of its node waits for ever.";
  return going >= pods ? "it lets all pods go at once." : undefined;
}

function podsOf(limit: number | string, pods: number): number {
  const [, percent] = /^(\d+)%$/.exec(String(limit)) ?? [];
  return percent === undefined ? Number(limit) : Math.ceil((Number(percent) * pods) / 100);
}
