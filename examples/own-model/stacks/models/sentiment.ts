import { canary, defineModel, triton } from "../../../../components/model/index.ts";

/**
 * Scores a text's mood by its words. The folder `repository/sentiment/1/` is version 1 as the model store holds it: a Triton
 * repository with one model.
 */
export const sentiment = defineModel({
  server: triton({ backend: "python", memory: "1GiB" }),
  repository: { modelStore: "sentiment" },
  traffic: { expectedQps: { trough: 20, peak: 100 } },
  slo: { p99: "100ms", errorRate: "0.5%" },
  release: canary({ weights: [10, 50, 100] }),
});
