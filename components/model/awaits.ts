/**
 * What the Kubernetes provider waits for after it has written an object of a model, by kind. Whatever waits for pods
 * would stand in the way of the previous version: with no pod ready, a change of the Service waits for ten minutes and
 * fails before the Rollout is reached, and so does the change back. So nothing waits for a model. `serin up` and `serin
 * status` say whether its pods are ready, and the Rollouts controller decides on a release.
 *
 * - `made`: the API server has taken the object. Custom resources are in the list because `PULUMI_K8S_AWAIT_ALL=true`
 *   would wait for theirs.
 * - `provider`: what the provider does by itself, which is nothing for these kinds.
 *
 * The deletion of all of them is awaited. The annotation would end that, too, for Deployments, DaemonSets,
 * StatefulSets, Jobs, Pods and Namespaces, which must not get it: one that is made again under its name would meet the
 * old one.
 *
 * Everything else, such as the charts of the platform, is as the provider has it: Deployments, StatefulSets, DaemonSets
 * and Services up to ten minutes, because other systems build on them.
 *
 * Source: pulumi-kubernetes `provider/pkg/await/await.go`, `awaiters.go`, and `allowsSkipAwaitWithDelete` of
 * `provider/pkg/metadata/overrides.go`. Creation, update and read skip the wait by the annotation among the new inputs.
 */
const awaits = {
  Service: "made",
  Rollout: "made",
  AnalysisTemplate: "made",
  VirtualService: "made",
  DestinationRule: "made",
  EnvoyFilter: "made",
  RequestAuthentication: "made",
  AuthorizationPolicy: "made",
  PodMonitor: "made",
  PrometheusRule: "made",
  PodDisruptionBudget: "made",
  ConfigMap: "provider",
  ServiceAccount: "provider",
  Secret: "provider",
} as const satisfies Record<string, "made" | "provider">;

/** A kind of object that models consist of. */
export type ModelKind = keyof typeof awaits;

/**
 * Annotations that tell the provider what to wait for. Changing them updates an object in place, and restarts nothing.
 */
export function awaitAnnotations(kind: ModelKind): Record<string, string> {
  return awaits[kind] === "made" ? { "pulumi.com/skipAwait": "true" } : {};
}
