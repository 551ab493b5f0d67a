import type { CustomResourceSpecs, DeepInput } from "../core/customResource.ts";
import { seconds } from "../core/quantity.ts";
import { fittingPools, type HostCluster } from "./hostCluster.ts";
import type { Model } from "./model.ts";
import { watched } from "./rollbackGuard.ts";
import type { AnalysisContext } from "./strategies/releaseStrategy.ts";
import { strategyOf } from "./strategies/strategies.ts";
import { tritonPod } from "./tritonPod.ts";

type RolloutSpec = DeepInput<CustomResourceSpecs["Rollout"]>;

/** A pod counts as available once it has been ready this long. */
const minReadySeconds = 1;

/** A cloud starts a GPU node in some minutes; then the driver container of the GPU operator may take as long. */
const nodeSeconds = 600;
/** A Triton image of some 10 GB, pulled by a node that has none, at 35 MB/s. */
const pullSeconds = 300;

/** The annotation of a Rollout with the planned seconds of each of its steps, a list in JSON. It restarts nothing. */
export const plannedSecondsAnnotation = "serin.dev/planned-step-seconds";

/**
 * Longest wait for the next pod of a version, in seconds: a node starts where a pool may grow, the image is pulled, and
 * the model has two tries to load. A check of its files reads them once more than a load does.
 */
export function podDeadlineSeconds({ server, artifact }: Model, { gpuPools }: Pick<HostCluster, "gpuPools">): number {
  const grows = server.gpu !== undefined && fittingPools(server.gpu, gpuPools).some(([, { min, max }]) => min < max);
  return (
    (grows ? nodeSeconds : 0) + pullSeconds + Math.ceil((artifact === undefined ? 2 : 3) * seconds(server.startup))
  );
}

/** The Rollout of a model. */
export function rolloutSpec(model: Model, host: HostCluster, context: AnalysisContext): RolloutSpec {
  const { name } = context;
  return {
    replicas: model.replicas,
    minReadySeconds,
    revisionHistoryLimit: 5,
    // It ends a release that waits for pods. Each pod that gets ready starts it anew; an analysis or a pause stops it.
    progressDeadlineSeconds: context.podDeadlineSeconds,
    progressDeadlineAbort: true,
    selector: { matchLabels: { app: name } },
    template: tritonPod(name, model, host),
    strategy: watched(strategyOf(model.release).rollout(model, model.release, context), model),
  };
}
