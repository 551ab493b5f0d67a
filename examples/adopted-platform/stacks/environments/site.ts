import type { Environment } from "../../../../stacks/program.ts";
import { classifier } from "../models/classifier.ts";

/**
 * Everything beside the model runs already and belongs to somebody else. Nothing of it is changed; the API server is asked
 * whether the custom resources that a model needs are served.
 */
export const site = {
  name: "site",
  clusters: {
    main: {
      cloud: "onPrem",
      kubeconfig: { secret: "siteKubeconfig" },
      labels: { environment: "site" },
      gpuPools: { l4: { gpu: "L4", gpusPerNode: 4, nodes: 2, vcpu: 64, memoryGiB: 256 } },
      modelStore: { pvc: "model-store" },
    },
  },
  platform: {
    istio: {
      adopt: { gateway: { port: "8443", address: "models.site.example.com:443" } },
      certificate: { kind: "secret", name: "models-tls" },
    },
    prometheus: { adopt: { address: "http://prometheus-operated.monitoring:9090" } },
    argoRollouts: { adopt: {} },
    gpuOperator: { adopt: {} },
    modelNamespace: { adopt: "models" },
  },
  domain: "models.site.example.com",
  models: { classifier: { ...classifier, version: "1" } },
} as const satisfies Environment;
