/** Models: the server, the repository of versions, the objectives, the release. Imports no cloud's SDK. */
export type { GpuModel, MigProfile } from "../cluster/machines/gpus.ts";
export type { Bytes, Duration, Percent } from "../core/quantity.ts";
export type { Artifact } from "./artifact.ts";
export type { HostCluster } from "./hostCluster.ts";
export { defineModel, type Model, type ModelSpec } from "./model.ts";
export { ModelDeployment, type ModelDeploymentArgs } from "./modelDeployment.ts";
export type { GatewayProxies } from "./rateLimit.ts";
export { type Rollback, rollback } from "./rollback.ts";
export type {
  Jwt,
  ModelRepository,
  OutlierDetection,
  PredictionScore,
  RateLimit,
  Retries,
  Saturation,
  ServedModel,
  Slo,
  Traffic,
} from "./servedModel.ts";
export type { UserKey } from "./stickyUsers.ts";
export { type AbTest, abTest, type BusinessMetric } from "./strategies/abTest/abTest.ts";
export { type BlueGreen, blueGreen } from "./strategies/blueGreen/blueGreen.ts";
export { type Canary, canary, type Exposure } from "./strategies/canary/canary.ts";
export { type DarkLaunch, darkLaunch } from "./strategies/darkLaunch/darkLaunch.ts";
export type { Cohort } from "./strategies/phases/cohort.ts";
export type { CohortFlag } from "./strategies/phases/flags.ts";
export type {
  AnalysisContext,
  DeclaredRelease,
  FoundStrategy,
  ModelName,
  ReleaseCounters,
  ReleaseJudgement,
  ReleaseProgress,
  ReleaseStrategy,
  StrategyAnalysis,
} from "./strategies/releaseStrategy.ts";
export type { Phase } from "./strategies/sequence/phases.ts";
export { type Sequence, sequence } from "./strategies/sequence/sequence.ts";
export { type Shadow, shadow } from "./strategies/shadow/shadow.ts";
export { type Release, strategies } from "./strategies/strategies.ts";
export { type GpuRequest, type TritonServer, triton } from "./triton.ts";
