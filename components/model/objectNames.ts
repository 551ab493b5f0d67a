/** Names of the objects of a model that refer to each other. */
export function objectNames(name: string) {
  return {
    release: `${name}-release`,
  } as const;
}

export const subsets = { canary: "canary", stable: "stable" } as const;

/**
 * The routes of the release VirtualService, whose weights the controller sets: everything, and before it gRPC, which
 * has a port of its own.
 */
export const releaseRoutes = { grpc: "grpc", http: "primary" } as const;
