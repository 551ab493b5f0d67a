/** The systems that every cluster runs beside the models. Imports no cloud's SDK but the adapters of `clouds`. */

export type { Recorded, Requirement } from "./adopted.ts";
export { ArgoRollouts, type ArgoRolloutsArgs } from "./argoRollouts.ts";
export { AwsLoadBalancerController, type AwsLoadBalancerControllerArgs } from "./awsLoadBalancerController.ts";
export type { Certificate, Dns01 } from "./certificate.ts";
export { CertManager, type CertManagerArgs, type CertManagerCluster } from "./certManager.ts";
export { ClusterAutoscaler, type ClusterAutoscalerArgs } from "./clusterAutoscaler.ts";
export { EbsStorageClass, type EbsStorageClassArgs } from "./ebsStorageClass.ts";
export { EfaDevicePlugin, type EfaDevicePluginArgs } from "./efaDevicePlugin.ts";
export { GpuMetrics, type GpuMetricsArgs } from "./gpuMetrics.ts";
export { GpuOperator, type GpuOperatorArgs, type GpuOperatorChoice } from "./gpuOperator.ts";
export type { OperatorCluster } from "./gpuOperatorValues.ts";
export { type AdoptedGateway, Istio, type IstioArgs, type IstioCluster } from "./istio.ts";
export { MetricsServer, type MetricsServerArgs } from "./metricsServer.ts";
export { ModelNamespace, type ModelNamespaceArgs } from "./modelNamespace.ts";
export type {
  BuildCluster,
  BuiltSystem,
  DeclaredPlatform,
  PlatformSystem,
  SystemAsks,
  SystemCluster,
  SystemMode,
  SystemNamespace,
} from "./platformSystem.ts";
export { Prometheus, type PrometheusArgs } from "./prometheus.ts";
export type { Install } from "./systemChart.ts";
export { SystemMonitors } from "./systemMonitors.ts";
export { type PlatformSpec, systems } from "./systems.ts";
