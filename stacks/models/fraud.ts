import { defineModel } from "../../components/model/model.ts";
import { canary } from "../../components/model/strategies/canary/canary.ts";
import { triton } from "../../components/model/triton.ts";

/** Scores card payments: the probability that a payment is fraudulent. */
export const fraud = defineModel({
  server: triton({ backend: "python", memory: "2GiB", sharedMemory: "256MiB" }),
  repository: { modelStore: "fraud" },
  traffic: { expectedQps: { trough: 100, peak: 1_000 } },
  slo: { p99: "150ms", errorRate: "0.1%", predictionScore: { mean: 0.12, tolerance: 0.02 } },
  release: canary({ weights: [5, 20, 50, 100] }),
});
