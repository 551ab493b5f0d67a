import type { Environment } from "../../../../stacks/program.ts";
import { sentiment } from "../models/sentiment.ts";

export const demo = {
  name: "demo",
  clusters: {
    main: {
      cloud: "onPrem",
      kubeconfig: { secret: "demoKubeconfig" },
      modelStore: { pvc: "model-store" },
      // Private addresses alone.
      settings: { ingress: { kind: "loadBalancer", sourceRanges: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] } },
    },
  },
  platform: {
    istio: { install: {}, certificate: { kind: "privateCa" } },
    prometheus: { install: {} },
    argoRollouts: { install: {} },
    modelNamespace: { create: "models" },
  },
  domain: "models.demo.example.com",
  // npx serin model digest stacks/models/repository/sentiment/1
  models: {
    sentiment: {
      ...sentiment,
      version: "1",
      artifact: { digest: "sha256:a4a0ec57a8f29dfa504232e6742ebbcf71cdbefe684c63cf4b0ea7dca7a43d06" },
    },
  },
} as const satisfies Environment;
