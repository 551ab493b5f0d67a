import type { AtSite, SiteSettings } from "../cluster/onPrem/siteSettings.ts";

/**
 * How many pods of what admission, traffic or a release needs: two, so that a node or a zone can be lost. One at a site
 * that says `availability: "single"`.
 */
export function replicasAt(settings: SiteSettings | undefined): 1 | 2 {
  return settings?.availability === "single" ? 1 : 2;
}

/**
 * The spec of a PodDisruptionBudget. A pod that does not work never holds a drain up. Empty for one pod: a budget would
 * never let it be moved.
 */
export function budget(settings: SiteSettings | undefined): Record<string, unknown> {
  return replicasAt(settings) === 1 ? {} : { maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" };
}

/**
 * `topologySpreadConstraints` of pods with these labels: apart by zone and by node, where that is possible. As rules
 * that must hold, they would leave the second pod without a node on a cluster that is just being drained.
 *
 * A zone is asked for only where all nodes tell theirs: the scheduler leaves a node that lacks one of the labels out of
 * the whole count, so that nothing would be spread (kubernetes `pkg/scheduler/framework/plugins/podtopologyspread`).
 */
export function spread(
  matchLabels: Readonly<Record<string, string>>,
  zones: AtSite["zones"],
): Record<string, unknown>[] {
  const keys = [...(zones ? ["topology.kubernetes.io/zone"] : []), "kubernetes.io/hostname"];
  return keys.map((topologyKey) => ({
    maxSkew: 1,
    topologyKey,
    whenUnsatisfiable: "ScheduleAnyway",
    labelSelector: { matchLabels },
    // Pods of the version before are on their way out, and do not count.
    matchLabelKeys: ["pod-template-hash"],
  }));
}
