import type { CustomResourceSpecs, DeepInput } from "../core/customResource.ts";
import { seconds } from "../core/quantity.ts";
import type { HostCluster } from "./hostCluster.ts";
import type { Model } from "./model.ts";
import { strategyOf } from "./strategies/strategies.ts";
import { tritonPod } from "./tritonPod.ts";

type RolloutSpec = DeepInput<CustomResourceSpecs["Rollout"]>;

/** A pod counts as available once it has been ready this long. */
const minReadySeconds = 1;

/**
 * The Rollout of a model. Stable keeps all its pods until the release has ended, so an abort gives all traffic back at
 * once (`dynamicStableScale` would make a rollback wait for models to load).
 */
export function rolloutSpec(name: string, model: Model, host: HostCluster): RolloutSpec {
  return {
    replicas: model.replicas,
    minReadySeconds,
    revisionHistoryLimit: 5,
    // The deadline also runs while a weight waits for pods: scheduling, image pull, loading, warm-up.
    progressDeadlineSeconds: Math.max(600, Math.ceil(2 * seconds(model.server.startup))),
    progressDeadlineAbort: true,
    selector: { matchLabels: { app: name } },
    template: tritonPod(name, model, host),
    strategy: strategyOf(model.release).rollout(name, model.release),
  };
}
