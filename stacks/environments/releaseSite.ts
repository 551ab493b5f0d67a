import { type ClusterSpec, cloudOf } from "../../components/cluster/clouds.ts";
import { type Problem, under } from "../../components/core/problem.ts";
import type { Model } from "../../components/model/model.ts";
import { guardSpanProblems } from "../../components/model/rollbackGuard.ts";
import { podDeadlineSeconds } from "../../components/model/rollout.ts";
import type { AnalysisContext } from "../../components/model/strategies/releaseStrategy.ts";
import { sizeProblems } from "../../components/model/strategies/size/sizeProblems.ts";
import { namespaceName } from "../../components/platform/modelNamespace.ts";
import { defaultScrapeInterval } from "../../components/platform/prometheus.ts";
import type { PlatformSpec } from "../../components/platform/systems.ts";
import { keyPath } from "../schema/declaredPath.ts";

/** Of an environment, what a release depends on. */
export interface ReleaseSurroundings {
  /** Its clusters, by name. */
  readonly clusters: Readonly<Record<string, ClusterSpec>>;
  /** What they run beside the models. */
  readonly platform: PlatformSpec;
}

/**
 * A model with the part of its traffic that one cluster of the environment gets: clusters share it equally. An analysis
 * that took the traffic of the whole model would wait too short on each of them.
 */
export function modelOnCluster(model: Model, { clusters }: Pick<ReleaseSurroundings, "clusters">): Model {
  const share = 1 / Math.max(1, Object.keys(clusters).length);
  const { trough, peak } = model.traffic.expectedQps;
  return share === 1
    ? model
    : { ...model, traffic: { ...model.traffic, expectedQps: { trough: trough * share, peak: peak * share } } };
}

/** What the analyses of a model know on one cluster, apart from the address of Prometheus. */
export function releaseContext(
  name: string,
  model: Model,
  cluster: string,
  { clusters, platform }: ReleaseSurroundings,
): AnalysisContext {
  const spec = clusters[cluster];
  const gpuPools = spec === undefined ? {} : cloudOf(spec).gpuPools(spec);
  const { modelNamespace, prometheus } = platform;
  return {
    name,
    namespace: namespaceName(modelNamespace),
    prometheusAddress: "",
    scrapeInterval: prometheus.scrapeInterval ?? defaultScrapeInterval,
    podDeadlineSeconds: podDeadlineSeconds(model, { gpuPools }),
  };
}

/**
 * Releases that would take longer, or expose more, than is declared, on the first cluster where one does; and rollback
 * guards that are shorter than the scrapes they count in.
 */
export function releaseSizeProblems(models: Readonly<Record<string, Model>>, declared: ReleaseSurroundings): Problem[] {
  return Object.entries(models).flatMap(([name, model]) => {
    const onCluster = modelOnCluster(model, declared);
    const found = Object.keys(declared.clusters).map((cluster) =>
      sizeProblems(onCluster, releaseContext(name, model, cluster, declared), cluster),
    );
    return under(keyPath("models", name), [
      ...guardSpanProblems(model, declared.platform.prometheus.scrapeInterval ?? defaultScrapeInterval),
      ...(found.find((problems) => problems.length > 0) ?? []),
    ]);
  });
}
