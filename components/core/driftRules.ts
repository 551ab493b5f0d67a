/**
 * Fields that a controller owns after we created them: the only `ignoreChanges` of the project.
 * An ignored field can only be changed by lifting the rule for one `up`, so what people change lives elsewhere.
 * Under server-side apply the provider drops an ignored path only when it is owned as a whole by another manager, and paths into
 * arrays have no effect (pulumi-kubernetes `provider/pkg/await/await.go`), hence whole lists.
 */
export const driftRules = {
  /**
   * Argo Rollouts rewrites the routes of the release VirtualService when it shifts weights and adds managed routes.
   * What people change (timeout, retries, hosts) is in the entry VirtualService, which has no rule.
   * https://github.com/argoproj/argo-rollouts/issues/849
   */
  releaseVirtualService: ["spec.http"],
  /**
   * Argo Rollouts labels the subsets with `rollouts-pod-template-hash` and drops those it does not know.
   * https://github.com/argoproj/argo-rollouts/issues/3126
   */
  destinationRule: ["spec.subsets"],
} as const satisfies Record<string, readonly string[]>;

/** A mutable copy, as resource options want it. */
export function ignoreChanges(rule: keyof typeof driftRules): { ignoreChanges: string[] } {
  return { ignoreChanges: [...driftRules[rule]] };
}
