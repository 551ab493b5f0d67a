import type { ClusterSpec } from "../../components/cluster/clouds.ts";
import type { StackOf } from "../stackName.ts";

/** Builds something for each cluster of a stack: all of the environment's, or the one it is narrowed to. */
export function clustersOf<T>(
  { environment, cluster }: StackOf,
  build: (name: string, spec: ClusterSpec) => T,
): Record<string, T> {
  return Object.fromEntries(
    Object.entries(environment.clusters)
      .filter(([name]) => cluster === undefined || cluster === name)
      .map(([name, spec]) => [name, build(name, spec)]),
  );
}
