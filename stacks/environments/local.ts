import { canary } from "../../components/model/strategies/canary/canary.ts";
import type { Recorded } from "../../components/platform/adopted.ts";
import { fraud } from "../models/fraud.ts";
import type { Environment } from "./environment.ts";

/** The embedded environment writes down where its parts listen, since its ports are whatever was free. */
const embedded = (key: string): Recorded => ({ namespace: "serin-system", configMap: "serin-embedded", key });

/**
 * One machine, no cloud, no container runtime: a control plane and its controllers run as processes and are adopted
 * like any on-prem cluster's. On a cluster of your own (`serin up local --kubeconfig …`) the same systems are installed
 * instead.
 */
export const local = {
  name: "local",
  clusters: {
    embedded: {
      cloud: "onPrem",
      kubeconfig: { secret: "localKubeconfig" },
      labels: { environment: "local" },
      // Nothing carries packets between pods there, so nothing could hold them back. It is one machine.
      settings: { networkPolicy: "unenforced", availability: "single" },
    },
  },
  platform: {
    istio: {
      adopt: {
        gateway: { address: embedded("gatewayAddress"), bind: embedded("gatewayBind"), port: embedded("gatewayPort") },
      },
    },
    // A release on a laptop is watched by a person: a scrape a second.
    prometheus: { adopt: { address: embedded("prometheusAddress") }, scrapeInterval: "1s" },
    argoRollouts: { adopt: {} },
    modelNamespace: { adopt: "models" },
  },
  domain: "models.local",
  models: {
    fraud: {
      ...fraud,
      version: "1",
      // A rehearsal is one client, and sends all of it.
      traffic: { expectedQps: { trough: 200, peak: 200 }, rateLimit: { requestsPerSecond: 5_000 } },
      // Nothing here warms up slowly; the sequential test alone decides how long a step takes.
      release: canary({ weights: fraud.release.weights, bake: "0s" }),
    },
  },
} as const satisfies Environment;
