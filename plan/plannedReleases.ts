import { strategyOf } from "../components/model/strategies/strategies.ts";
import type { Environment } from "../stacks/environments/environment.ts";
import type { PlannedRelease } from "./planDocument.ts";

/** How a change of each model's version would be released. */
export function plannedReleases({ models }: Environment): PlannedRelease[] {
  return Object.entries(models).map(([model, declared]) => ({
    model,
    version: declared.version,
    release: strategyOf(declared.release).sentence(declared, declared.release),
  }));
}
