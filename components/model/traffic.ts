import type { CustomResourceSpecs, DeepInput } from "../core/customResource.ts";
import type { Model } from "./model.ts";
import { objectNames, releaseRoutes, subsets } from "./objectNames.ts";
import { ports } from "./triton.ts";

/** Where a model is reached: its own host at the models' gateway. */
export function modelHost(name: string, domain: string): string {
  return `${name}.${domain}`;
}

export function serviceHost(name: string, namespace: string): string {
  return `${name}.${namespace}.svc.cluster.local`;
}

/**
 * Ours: hosts, timeout, retries. It delegates to the release VirtualService, which is the controller's, so that either
 * can change while the other is at work, and routes the controller adds keep this timeout and these retries.
 */
export function entrySpec(
  name: string,
  model: Model,
  at: { namespace: string; domain: string; gateway: string },
): DeepInput<CustomResourceSpecs["VirtualService"]> {
  return {
    hosts: [modelHost(name, at.domain)],
    gateways: [at.gateway],
    http: [
      {
        name: "entry",
        timeout: model.traffic.timeout ?? "5s",
        // Only what never reached a model: a retry of a failed inference would hide the failure from the analysis.
        retries: { attempts: 2, retryOn: "connect-failure,refused-stream" },
        delegate: { name: objectNames(name).release, namespace: at.namespace },
      },
    ],
  };
}

/**
 * The controller's: the weights between stable and canary. What stands here is only the beginning. The port is spelled
 * out: of a Service with two ports Istio takes the one that the gateway listens on, which is neither.
 */
export function releaseSpec(name: string, namespace: string): DeepInput<CustomResourceSpecs["VirtualService"]> {
  const host = serviceHost(name, namespace);
  const route = (port: number) => [
    { destination: { host, port: { number: port }, subset: subsets.stable }, weight: 100 },
    { destination: { host, port: { number: port }, subset: subsets.canary }, weight: 0 },
  ];
  return {
    http: [
      {
        name: releaseRoutes.grpc,
        match: [{ headers: { "content-type": { prefix: "application/grpc" } } }],
        route: route(ports.grpc),
      },
      { name: releaseRoutes.http, route: route(ports.http) },
    ],
  };
}

/** Two subsets, told apart by the pod-template hash that the controller adds to their labels. */
export function destinationRuleSpec(
  name: string,
  namespace: string,
): DeepInput<CustomResourceSpecs["DestinationRule"]> {
  return {
    host: serviceHost(name, namespace),
    subsets: Object.values(subsets).map((subset) => ({ name: subset, labels: { app: name } })),
  };
}

export const servicePorts = [
  { name: "http", port: ports.http, targetPort: "http", appProtocol: "http" },
  { name: "grpc", port: ports.grpc, targetPort: "grpc", appProtocol: "grpc" },
];

/**
 * Two endpoints, each scraped once: the model's own metrics and the sidecar's. A second job would double every count.
 */
export function podMonitorSpec(name: string): DeepInput<CustomResourceSpecs["PodMonitor"]> {
  return {
    selector: { matchLabels: { app: name } },
    podMetricsEndpoints: [
      { port: "metrics", path: "/metrics" },
      { port: "http-envoy-prom", path: "/stats/prometheus" },
    ],
  };
}
