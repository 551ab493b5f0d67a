/** Compiled, never run: each line below must stay an error of the compiler. */

import type { azureMachines } from "../../components/cluster/aks/azureMachines.ts";
import type { CloudClusterArgs } from "../../components/cluster/cloudCluster.ts";
import type { ClusterSpec } from "../../components/cluster/clouds.ts";
import type { awsMachines } from "../../components/cluster/eks/awsMachines.ts";
import type { gcpMachines } from "../../components/cluster/gke/gcpMachines.ts";
import type { GpuPoolArgs, Sharing } from "../../components/cluster/gpuPool.ts";
import type { Duration } from "../../components/core/quantity.ts";
import { defineModel } from "../../components/model/model.ts";
import { canary } from "../../components/model/strategies/canary/canary.ts";
import { triton } from "../../components/model/triton.ts";
import type { IstioArgs } from "../../components/platform/istio.ts";
import type { PrometheusArgs } from "../../components/platform/prometheus.ts";

const rest = {
  server: triton({ backend: "python" }),
  repository: { pvc: "model-store" },
  traffic: { expectedQps: { trough: 1, peak: 2 } },
  release: canary(),
};

// @ts-expect-error a latency needs a unit
defineModel({ ...rest, slo: { p99: "150", errorRate: "0.1%" } });
// @ts-expect-error a share needs a percent sign
defineModel({ ...rest, slo: { p99: "150ms", errorRate: "0.001" } });
// @ts-expect-error a model without objectives cannot be judged
defineModel(rest);
// @ts-expect-error a store is a claim or a bucket, not a path
defineModel({ ...rest, slo: { p99: "150ms", errorRate: "0.1%" }, repository: "/models" });
// @ts-expect-error a bucket has a region
defineModel({ ...rest, slo: { p99: "150ms", errorRate: "0.1%" }, repository: { s3: "s3://models/fraud" } });
// @ts-expect-error Triton has no such backend
triton({ backend: "tensorflow" });
// @ts-expect-error a GPU is asked for by its name
triton({ backend: "python", gpu: { kind: "fast", count: 1 } });
// @ts-expect-error adopting a mesh says where its gateway is
export const istio: IstioArgs = { adopt: {} };
// @ts-expect-error Prometheus is installed or adopted, and says which
export const prometheus: PrometheusArgs = { scrapeInterval: "15s" };
// @ts-expect-error a cluster says whose it is
export const cluster: ClusterSpec = { kubeconfig: { secret: "x" } };
// @ts-expect-error an hour is written with its unit
export const hour: Duration = 3_600;

type AwsPool = GpuPoolArgs<keyof typeof awsMachines, "onDemand" | "spot" | "reserved" | "block">;
type AzurePool = GpuPoolArgs<keyof typeof azureMachines, "onDemand" | "spot" | "reserved">;
type GcpPool = GpuPoolArgs<keyof typeof gcpMachines, "onDemand" | "spot" | "reserved" | "queued">;
const size = { min: 0, max: 1 };
const aws = { ...size, machine: "g6.2xlarge" } as const satisfies AwsPool;
const azure = { ...size, machine: "Standard_NC24ads_A100_v4" } as const satisfies AzurePool;
const gcp = { ...size, machine: "g2-standard-8" } as const satisfies GcpPool;

// @ts-expect-error AWS has no machine of Azure's
export const awsMachine: AwsPool = { ...azure };
// @ts-expect-error Azure has no machine of Google Cloud's
export const azureMachine: AzurePool = { ...gcp };
// @ts-expect-error Google Cloud has no machine of AWS'
export const gcpMachine: GcpPool = { ...aws };
// @ts-expect-error a machine's name is written out in full
export const machine: AwsPool = { ...size, machine: "g6" };
// @ts-expect-error nodes are queued for on Google Cloud only
export const awsPurchase: AwsPool = { ...aws, purchase: { kind: "queued", maxRunDuration: "24h" } };
// @ts-expect-error capacity blocks are AWS'
export const azurePurchase: AzurePool = { ...azure, purchase: { kind: "block", reservation: "cr-0" } };
// @ts-expect-error capacity blocks are AWS', whatever else there is to reserve
export const gcpPurchase: GcpPool = { ...gcp, purchase: { kind: "block", reservation: "cr-0" } };
// @ts-expect-error a reservation is named
export const unnamed: AwsPool = { ...aws, purchase: { kind: "reserved" } };
// @ts-expect-error spot machines are never reserved
export const spotReserved: AwsPool = { ...aws, purchase: { kind: "spot", reservation: "cr-0" } };
// @ts-expect-error no GPU has such a slice
export const profile: Sharing = { kind: "mig", profile: "5g.25gb" };
// @ts-expect-error slices do not take turns
export const both: Sharing = { kind: "mig", profile: "1g.10gb", replicas: 2 };
// @ts-expect-error turns are counted
export const uncounted: Sharing = { kind: "timeSlicing" };
// @ts-expect-error a driver that is there already has a version
export const driver: AwsPool = { ...aws, driver: { owner: "preinstalled" } };
// @ts-expect-error a disk has a unit
export const disk: AwsPool = { ...aws, disk: 200 };
// @ts-expect-error a cluster is in three zones
export const zones: CloudClusterArgs<never, never>["zones"] = ["us-east-1a", "us-east-1b"];
// @ts-expect-error Kubernetes 1.30 is too old for any cloud
export const version: CloudClusterArgs<never, never>["kubernetesVersion"] = "1.30";
