import type { CustomResourceSpecs, DeepInput } from "../core/customResource.ts";
import type { Model } from "./model.ts";
import { objectNames, releaseRoutes, subsets } from "./objectNames.ts";
import { defaultTimeout, type Traffic } from "./servedModel.ts";
import { hasManagedRoutes } from "./strategies/strategies.ts";
import { retryPolicy, trafficPolicy } from "./trafficPolicy.ts";

import { ports } from "./triton.ts";

/** The host name of a model at the models' gateway. */
export function modelHost(name: string, domain: string): string {
  return `${name}.${domain}`;
}

/** The name of a model's Service inside the cluster, written out in full so that it means the same in any namespace. */
function serviceHost(name: string, namespace: string): string {
  return `${name}.${namespace}.svc.cluster.local`;
}

/**
 * The URL of inference requests. Over HTTP it names the gateway, and the `Host` header names the model. Over HTTPS it
 * names the model, since the certificate is for that name; the domain's DNS records lead to the gateway.
 */
export function inferenceUrl(at: {
  readonly name: string;
  readonly domain: string;
  readonly gatewayScheme: "http" | "https";
  readonly gatewayAddress: string;
}): string {
  const port = at.gatewayAddress.slice(at.gatewayAddress.lastIndexOf(":"));
  const origin =
    at.gatewayScheme === "http"
      ? `http://${at.gatewayAddress}`
      : `https://${modelHost(at.name, at.domain)}${port === ":443" ? "" : port}`;
  return `${origin}/v2/models/${at.name}/infer`;
}

/** Where a model's objects are, and through which Gateway its callers come. */
export interface Entry {
  /** The models' namespace. */
  readonly namespace: string;
  /** The model's host is below this domain. */
  readonly domain: string;
  /** `<namespace>/<name>` of the Gateway. */
  readonly gateway: string;
  /** Whether the Gateway serves HTTPS. @default "http" */
  readonly gatewayScheme?: "http" | "https";
}

/**
 * The entry VirtualService, which Pulumi owns: the host at the gateway, timeout, retries. It delegates to the release
 * VirtualService, whose weights the Rollouts controller owns. So each can change during a release without the other,
 * and routes that the controller adds keep this timeout and these retries.
 */
export function entrySpec(name: string, model: Model, at: Entry): DeepInput<CustomResourceSpecs["VirtualService"]> {
  return {
    hosts: [modelHost(name, at.domain)],
    gateways: [at.gateway],
    http: delegating(name, model, at.namespace, "entry").map((route) => ({
      ...route,
      // Routes of the release have no headers of their own, so Istio gives them these.
      ...(at.gatewayScheme === "https" ? { headers: { response: { set: securityHeaders } } } : {}),
    })),
  };
}

/** What tells gRPC requests, which go to another port, from HTTP requests. */
const grpcMatch = { headers: { "content-type": { prefix: "application/grpc" } } } as const;

/**
 * The VirtualService for callers in the mesh, who name the Service: their sidecars shift the weights of a release as
 * the gateway does, with the same timeout and retries. It is an object of its own, so that the gateway does not know
 * the Service's name, which has no rate limit.
 */
export function meshEntrySpec(
  name: string,
  model: Model,
  namespace: string,
): DeepInput<CustomResourceSpecs["VirtualService"]> {
  return {
    hosts: [serviceHost(name, namespace)],
    gateways: ["mesh"],
    http: delegating(name, model, namespace, "mesh"),
  };
}

/**
 * The routes of an entry, called `route` and `route-grpc`: their policy is here, and their weights in what they
 * delegate to.
 */
function delegating(name: string, { traffic, release }: Model, namespace: string, route: string) {
  const objects = objectNames(name);
  const policy = { timeout: traffic.timeout ?? defaultTimeout, retries: retryPolicy(traffic) };
  return [
    ...(hasManagedRoutes(release)
      ? [
          {
            name: `${route}-grpc`,
            match: [grpcMatch],
            ...policy,
            delegate: { name: objects.grpcRelease, namespace },
          },
        ]
      : []),
    { name: route, ...policy, delegate: { name: objects.release, namespace } },
  ];
}

/** For clients that are browsers: no plain HTTP for a year, and no guess at what an answer is. */
const securityHeaders = {
  "strict-transport-security": "max-age=31536000",
  "x-content-type-options": "nosniff",
} as const;

/**
 * The release VirtualService. The Rollouts controller owns its weights; those written here hold until the first
 * release. Each destination names its port: without one, Istio uses the port that the gateway listens on, which the
 * Service does not have.
 */
export function releaseSpec(name: string, namespace: string): DeepInput<CustomResourceSpecs["VirtualService"]> {
  return {
    http: [
      { name: releaseRoutes.grpc, match: [grpcMatch], route: weighted(name, namespace, ports.grpc) },
      { name: releaseRoutes.http, route: weighted(name, namespace, ports.http) },
    ],
  };
}

/**
 * The release VirtualService of gRPC requests, for releases whose controller adds routes: it gives a route that it adds
 * the port of the route it finds, and HTTP and gRPC have ports of their own. The other release VirtualService keeps its
 * route for gRPC, which no request reaches then, so that a model can change between strategies.
 */
export function grpcReleaseSpec(name: string, namespace: string): DeepInput<CustomResourceSpecs["VirtualService"]> {
  return { http: [{ name: releaseRoutes.grpc, route: weighted(name, namespace, ports.grpc) }] };
}

function weighted(name: string, namespace: string, port: number) {
  const host = serviceHost(name, namespace);
  return [
    { destination: { host, port: { number: port }, subset: subsets.stable }, weight: 100 },
    { destination: { host, port: { number: port }, subset: subsets.canary }, weight: 0 },
  ];
}

/**
 * Two subsets with equal labels. The Rollouts controller adds the pod-template hash of its version to each. The policy
 * is above them and stays ours, so that it changes in the middle of a release, too.
 */
export function destinationRuleSpec(
  name: string,
  namespace: string,
  traffic: Traffic,
): DeepInput<CustomResourceSpecs["DestinationRule"]> {
  return {
    host: serviceHost(name, namespace),
    trafficPolicy: trafficPolicy(traffic),
    subsets: Object.values(subsets).map((subset) => ({ name: subset, labels: { app: name } })),
  };
}

/** The ports of a model's Service: Triton's HTTP and gRPC. `appProtocol` tells Istio the protocol. */
export const servicePorts = [
  { name: "http", port: ports.http, targetPort: "http", appProtocol: "http" },
  { name: "grpc", port: ports.grpc, targetPort: "grpc", appProtocol: "grpc" },
];

/**
 * Two endpoints of each pod, Triton's metrics and the sidecar's. They are scraped by this PodMonitor alone: a second
 * scrape would double every count.
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
