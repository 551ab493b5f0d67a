/**
 * Fields that somebody else owns after we created them, as a rule a controller: the only `ignoreChanges` of the
 * project. An ignored field can only be changed by lifting the rule for one `up`, so what people change lives
 * elsewhere. Under server-side apply the provider drops an ignored path only when it is owned as a whole by another
 * manager, and paths into arrays have no effect (pulumi-kubernetes `provider/pkg/await/await.go`), hence whole lists.
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
  /**
   * Of the Services of a strategy: Argo Rollouts adds `rollouts-pod-template-hash`. A selector is owned as a whole, by
   * whoever wrote it last (`ServiceSpec.selector`, `structType=atomic`).
   */
  releaseService: ["spec.selector"],
  /**
   * Of the nodes a GKE cluster starts with, which are removed at once: afterwards GKE answers with other pools' nodes,
   * and a difference replaces the cluster. terraform-google-modules/terraform-google-kubernetes-engine `cluster.tf`,
   * https://github.com/hashicorp/terraform-provider-google/issues/6889
   */
  gkeCluster: ["initialNodeCount", "nodeConfig"],
  /**
   * GKE rewrites it when a pool is resized, and a difference replaces the pool. What people change is `autoscaling`. A
   * pool that replaces another starts with the count in the state: the one it was made with, or GKE's after a refresh.
   * https://github.com/hashicorp/terraform-provider-google/issues/6901
   */
  gkeNodePool: ["initialNodeCount"],
  /**
   * The autoscaler counts the nodes. What the engine sends instead is the size it last saw, so `up --refresh` before a
   * change of a pool's `min` or `max`, else the pool goes back to that. https://github.com/pulumi/pulumi-eks/issues/985
   */
  eksNodeGroup: ["scalingConfig.desiredSize"],
  /**
   * The autoscaler counts the nodes, and the system pool is part of the cluster.
   * https://github.com/pulumi/pulumi-azure-native/issues/2943
   */
  aksCluster: ["agentPoolProfiles[0].count"],
  /** The autoscaler counts the nodes. https://github.com/pulumi/pulumi-azure-native/issues/2943 */
  aksPool: ["count"],
  /**
   * Of a locked policy. Azure raises it by a request that the provider does not know, and the provider refuses to
   * raise. The cluster compares what is declared with the state.
   * https://github.com/hashicorp/terraform-provider-azurerm/issues/28660
   */
  aksLockedRecords: ["immutabilityPeriodInDays"],
} as const satisfies Record<string, readonly string[]>;

/** A mutable copy, as resource options want it. */
export function ignoreChanges(rule: keyof typeof driftRules): { ignoreChanges: string[] } {
  return { ignoreChanges: [...driftRules[rule]] };
}
