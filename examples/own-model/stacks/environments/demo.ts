import type { Environment } from "../../../../stacks/program.ts";
import { sentiment } from "../models/sentiment.ts";

export const demo = {
  name: "demo",
  clusters: {
    main: {
      cloud: "onPrem",
      kubeconfig: { secret: "demoKubeconfig" },
      modelStore: { pvc: "model-store" },
    },
  },
  platform: {
    istio: { install: {}, certificate: { kind: "privateCa" } },
    prometheus: { install: {} },
    argoRollouts: { install: {} },
    modelNamespace: { create: "models" },
  },
  domain: "models.demo.example.com",
  models: { sentiment: { ...sentiment, version: "1" } },
} as const satisfies Environment;
