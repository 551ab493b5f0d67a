/** Compiled, never run: each line below must stay an error of the compiler. */
import type { Duration } from "../../components/core/quantity.ts";
import { canary, defineModel } from "../../components/model/model.ts";
import { triton } from "../../components/model/triton.ts";
import type { IstioArgs } from "../../components/platform/istio.ts";
import type { PrometheusArgs } from "../../components/platform/prometheus.ts";
import type { ClusterSpec, DataSync } from "../../stacks/environments/environment.ts";

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
// @ts-expect-error a batch has a schedule
export const batch: DataSync = { mode: "batch" };
// @ts-expect-error a cluster says whose it is
export const cluster: ClusterSpec = { kubeconfig: { secret: "x" } };
// @ts-expect-error an hour is written with its unit
export const hour: Duration = 3_600;
