import type { Model } from "./model.ts";
import { objectNames, rateLimitName, stickyUsersName } from "./objectNames.ts";
import { hasManagedRoutes, strategyOf } from "./strategies/strategies.ts";
import { storeSecretName } from "./tritonPod.ts";

/** A Kubernetes object by its kind and name. */
export interface ObjectName {
  /** For example `VirtualService`. */
  readonly kind: string;
  /** The object's name, in the models' namespace or, of an EnvoyFilter, in Istio's root namespace. */
  readonly name: string;
}

/** Every object that a model may make. `ModelDeployment` makes them; a test compares the two. */
export function modelObjects(name: string, model: Model, namespace: string): ObjectName[] {
  const { jwt, rateLimit } = model.traffic;
  const context = {
    name,
    namespace,
    prometheusAddress: "",
    scrapeInterval: "15s",
    podDeadlineSeconds: 0,
  } as const;
  const strategy = strategyOf(model.release);
  return [
    ...[
      "ServiceAccount",
      "Service",
      "DestinationRule",
      "VirtualService",
      "PodMonitor",
      "PrometheusRule",
      "PodDisruptionBudget",
      "Rollout",
    ].map((kind) => ({ kind, name })),
    { kind: "VirtualService", name: objectNames(name).release },
    { kind: "VirtualService", name: objectNames(name).mesh },
    ...(rateLimit === "none" ? [] : [{ kind: "EnvoyFilter", name: rateLimitName(name, namespace) }]),
    ...(strategy.stickyUsers?.(model.release) === undefined
      ? []
      : [{ kind: "EnvoyFilter", name: stickyUsersName(name, namespace) }]),
    ...(jwt === undefined ? [] : ["RequestAuthentication", "AuthorizationPolicy"].map((kind) => ({ kind, name }))),
    ...(hasManagedRoutes(model.release) ? [{ kind: "VirtualService", name: objectNames(name).grpcRelease }] : []),
    { kind: "Secret", name: storeSecretName(name) },
    ...(strategy.flags?.(name, model.release) === undefined
      ? []
      : [{ kind: "ConfigMap", name: objectNames(name).flags }]),
    ...(strategy.services?.(name) ?? []).map((service) => ({ kind: "Service", name: service })),
    ...strategy
      .analyses(model, model.release, context)
      .map(({ object }) => ({ kind: "AnalysisTemplate", name: object })),
  ];
}
