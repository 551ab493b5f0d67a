/**
 * The public surface: everything that another Pulumi project may build on. Importing it loads the SDKs of all clouds;
 * `serin/model`, `serin/platform` and `serin/cluster/<service>` load less.
 */
export * from "./cluster/aks/index.ts";
export type { BilledItem, BilledKind, Billing, PriceList, PriceUnit } from "./cluster/billing.ts";
export type {
  BuildContext,
  CloudAdapter,
  CloudStarter,
  ConfigurationKey,
  ConfigurationKeys,
  ConfigurationValue,
  DeclaredCluster,
  IdentityMarks,
  Instruction,
  SystemNodes,
  Upload,
} from "./cluster/cloudAdapter.ts";
export type { CloudRules, GpuNodeRules, QuotaShare, ReservationRules } from "./cluster/cloudRules.ts";
export { type ClusterSpec, clouds } from "./cluster/clouds.ts";
export * from "./cluster/eks/index.ts";
export * from "./cluster/gke/index.ts";
export {
  type ClusterAccess,
  type ClusterNetwork,
  type Existing,
  type GpuCluster,
  kubernetesProvider,
} from "./cluster/gpuCluster.ts";
export type {
  AnyGpuPoolArgs,
  Driver,
  GpuPool,
  GpuPoolArgs,
  NodeTaint,
  PurchaseOption,
  Sharing,
} from "./cluster/gpuPool.ts";
export type { CloudIngress, LoadBalancer, WithIngress } from "./cluster/ingress.ts";
export type { Machine } from "./cluster/machines/machine.ts";
export * from "./cluster/onPrem/index.ts";
export type { QuotaNeed } from "./cluster/quota.ts";
export type { AccountStep, CloudFact, RuleBook } from "./cluster/ruleBook.ts";
export type { AuditStoreArgs, ModelStore } from "./cluster/stores.ts";
export type { IdentityBinding, StorePermission, WorkloadIdentity } from "./cluster/workloadIdentity.ts";
export { type ExitCode, exitCodes, type Problem, ProblemError } from "./core/problem.ts";
export type { RegistryMirror, WithRegistryMirror } from "./core/registryMirror.ts";
export type { CloudDriver } from "./core/versions/drivers.ts";
export type { SystemVersions, UpgradeSteps } from "./core/versions/releases.ts";
export * from "./model/index.ts";
export * from "./platform/index.ts";
