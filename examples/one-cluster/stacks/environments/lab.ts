import type { Environment } from "../../../../stacks/program.ts";
import { classifier } from "../models/classifier.ts";
import { ranker } from "../models/ranker.ts";

export const lab = {
  name: "lab",
  clusters: {
    main: {
      cloud: "aws",
      region: "eu-central-1",
      zones: ["eu-central-1a", "eu-central-1b", "eu-central-1c"],
      cidr: "10.16.0.0/16",
      kubernetesVersion: "1.35",
      admins: ["role/platform-admin"],
      labels: { environment: "lab" },
      gpuPools: { l4: { machine: "g6.2xlarge", min: 1, max: 6 } },
      // A lab is taken down again, so nothing of it may refuse to go.
      auditStore: { retentionDays: 1, mode: "removable" },
      protect: false,
    },
  },
  platform: {
    istio: { install: {}, certificate: { kind: "privateCa" } },
    prometheus: { install: {} },
    argoRollouts: { install: {} },
    modelNamespace: { create: "models" },
  },
  domain: "models.lab.example.com",
  models: { classifier: { ...classifier, version: "1" }, ranker: { ...ranker, version: "1" } },
} as const satisfies Environment;
