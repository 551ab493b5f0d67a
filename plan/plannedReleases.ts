import { plannedDuration } from "../components/model/releasePlan/releasePlan.ts";
import { strategyOf } from "../components/model/strategies/strategies.ts";
import type { Environment } from "../stacks/environments/environment.ts";
import { modelOnCluster, releaseContext } from "../stacks/environments/releaseSite.ts";
import type { PlannedRelease } from "./planDocument.ts";

/** How a change of each model's version would be released. */
export function plannedReleases(environment: Environment): PlannedRelease[] {
  const { clusters, models } = environment;
  return Object.entries(models).map(([model, declared]) => {
    const onCluster = modelOnCluster(declared, environment);
    const longest = Object.keys(clusters).flatMap(
      (cluster) => plannedDuration(onCluster, releaseContext(model, declared, cluster, environment)) ?? [],
    );
    return {
      model,
      version: declared.version,
      release: strategyOf(declared.release).sentence(declared, declared.release),
      ...(longest.length === 0 ? {} : { longestSeconds: Math.max(...longest) }),
    };
  });
}
