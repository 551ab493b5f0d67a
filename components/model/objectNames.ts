/** Names of a model's objects that other objects refer to and that are not the model's own name. */
export function objectNames(name: string) {
  return {
    release: `${name}-release`,
    mesh: `${name}-mesh`,
    /** The release VirtualService of gRPC requests, where they have one of their own. */
    grpcRelease: `${name}-release-grpc`,
    /** The ConfigMap with definitions of feature flags. */
    flags: `${name}-flags`,
    canaryService: `${name}-canary`,
    stableService: `${name}-stable`,
    guard: `${name}-guard`,
    pods: `${name}-pods`,
  } as const;
}

/**
 * The subsets of a model's DestinationRule. The release VirtualService sends each its weight, and the Rollout tells the
 * controller which one is which.
 */
export const subsets = { canary: "canary", stable: "stable" } as const;

/**
 * The names of the routes of the release VirtualService. The controller sets the weights of both. `grpc` comes first
 * and takes gRPC requests, which go to another port; `primary` takes the rest.
 */
export const releaseRoutes = { grpc: "grpc", http: "primary" } as const;

/**
 * The name of a model's EnvoyFilter and of its filter. The namespace is part of it: all models' are in one namespace.
 */
export function rateLimitName(name: string, namespace: string): string {
  return `${namespace}-${name}-rate-limit`;
}

/** The labels of every object of a model, by which others select them: a Prometheus its monitors, for one. */
export function objectLabels(name: string): Record<string, string> {
  return { "app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "serin" };
}

/** The name of the EnvoyFilter that keeps a model's users on one version. */
export function stickyUsersName(name: string, namespace: string): string {
  return `${namespace}-${name}-sticky-users`;
}
