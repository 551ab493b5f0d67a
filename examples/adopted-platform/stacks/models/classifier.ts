import { canary, defineModel, triton } from "../../../../components/model/index.ts";

/** Classifies images, on one L4, A10G or T4. Versions are in the model store under `classifier/<version>/classifier/`. */
export const classifier = defineModel({
  server: triton({ backend: "onnxruntime", gpu: { kind: ["L4", "A10G", "T4"], count: 1 }, cpu: "2", memory: "8GiB" }),
  repository: { modelStore: "classifier" },
  traffic: { expectedQps: { trough: 50, peak: 400 } },
  slo: { p99: "200ms", errorRate: "0.1%" },
  release: canary({ weights: [5, 20, 50, 100] }),
});
