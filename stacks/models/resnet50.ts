import { defineModel } from "../../components/model/model.ts";
import { canary } from "../../components/model/strategies/canary/canary.ts";
import { triton } from "../../components/model/triton.ts";

/** Classifies images into the 1,000 classes of ImageNet. */
export const resnet50 = defineModel({
  server: triton({ backend: "onnxruntime", gpu: { kind: ["L4", "A10G", "T4"], count: 1 }, cpu: "2", memory: "8GiB" }),
  repository: { modelStore: "resnet50" },
  traffic: { expectedQps: { trough: 50, peak: 400 } },
  slo: { p99: "200ms", errorRate: "0.1%" },
  release: canary({ weights: [5, 20, 50, 100] }),
});
