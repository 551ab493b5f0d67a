import type { ClusterSpec } from "../../components/cluster/clouds.ts";
import { rejectProblems } from "../../components/core/problem.ts";
import { type Environment, validateEnvironment } from "../../stacks/environments/environment.ts";
import { prod } from "../../stacks/environments/prod.ts";

/** Production with many clusters, of AWS, Azure, Google Cloud and on-prem in turn, each with so many models. */
export function fleet(clusters: number, models: number): Environment {
  const kinds: readonly ClusterSpec[] = Object.values(prod.clusters);
  const environment: Environment = {
    ...prod,
    name: "fleet",
    clusters: Object.fromEntries(
      keyed("site", clusters, kinds).map(([key, spec], index) => [
        key,
        // Blocks of two clusters may not overlap.
        "cidr" in spec ? { ...spec, cidr: `10.${index}.0.0/16` } : spec,
      ]),
    ),
    models: Object.fromEntries(keyed("model", models, Object.values(prod.models))),
  };
  rejectProblems(`Environment "${environment.name}" is invalid`, validateEnvironment(environment));
  return environment;
}

/** So many, of each kind in turn. */
function keyed<T>(key: string, count: number, kinds: readonly T[]): [string, T][] {
  return Array.from({ length: count }, (_, index) => [`${key}-${index}`, kinds[index % kinds.length] as T]);
}
