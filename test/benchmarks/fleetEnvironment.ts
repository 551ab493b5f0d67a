import { rejectProblems } from "../../components/core/problem.ts";
import { dev } from "../../stacks/environments/dev.ts";
import { type Environment, validateEnvironment } from "../../stacks/environments/environment.ts";

/** An environment of many clusters, each with so many models. */
export function fleet(clusters: number, models: number): Environment {
  const kinds = [dev.clusters["dc-lab"]];
  const released = Object.values(dev.models);
  const environment: Environment = {
    ...dev,
    name: "fleet",
    clusters: Object.fromEntries(keyed("site", clusters, kinds)),
    models: Object.fromEntries(keyed("model", models, released)),
  };
  rejectProblems(`Environment "${environment.name}" is invalid`, validateEnvironment(environment));
  return environment;
}

/** So many, of each kind in turn. */
function keyed<T>(key: string, count: number, kinds: readonly T[]): [string, T][] {
  return Array.from({ length: count }, (_, index) => [`${key}-${index}`, kinds[index % kinds.length] as T]);
}
