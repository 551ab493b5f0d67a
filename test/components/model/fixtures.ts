import type { HostCluster } from "../../../components/model/hostCluster.ts";
import { defineModel, type Model } from "../../../components/model/model.ts";
import { type Canary, canary } from "../../../components/model/strategies/canary/canary.ts";
import { triton } from "../../../components/model/triton.ts";

/** A model without a problem, to be changed in one place by each test. */
export const sound: Model & { readonly release: Canary } = {
  ...defineModel({
    server: triton({ backend: "python" }),
    repository: { pvc: "model-store" },
    traffic: { expectedQps: { trough: 100, peak: 1_000 } },
    slo: { p99: "150ms", errorRate: "0.1%", predictionScore: { mean: 0.12, tolerance: 0.02 } },
    release: canary(),
  }),
  version: "1",
};

/** A cluster without GPUs, whose model store is a volume. */
export const host: HostCluster = { gpuPools: {}, modelStore: { kind: "pvc", claim: "model-store" } };

export const context = {
  name: "fraud",
  namespace: "models",
  prometheusAddress: "http://prometheus:9090",
  scrapeInterval: "15s",
  podDeadlineSeconds: 900,
} as const;
