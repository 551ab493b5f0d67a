/**
 * The name of the Envoy cluster in front of one pod: `<namespace>/<pod>`.
 *
 * A slash and not a dot, because Envoy cuts its `envoy_cluster_name` tag at the first dot of the statistic
 * `cluster.<name>.upstream_rq_200`; for the same reason a pod whose name has a dot cannot be told apart and is refused.
 */
export function podCluster(namespace: string, pod: string): string {
  const name = `${namespace}/${pod}`;
  if (!podClusterPattern.test(name)) {
    throw new Error(
      `Pod "${name}" cannot be named in Envoy's statistics: a namespace and a pod name have no dot or slash.`,
    );
  }
  return name;
}

/** Splits what `podCluster` made; `undefined` for the name of another cluster. */
export function podOfCluster(cluster: string): { namespace: string; pod: string } | undefined {
  const match = podClusterPattern.exec(cluster);
  return match?.[1] === undefined || match[2] === undefined ? undefined : { namespace: match[1], pod: match[2] };
}

/** The same split for a Prometheus relabel rule (fully anchored, as Prometheus anchors every rule): $1 namespace, $2 pod. */
export const podClusterRegex = "([^/.]+)/([^/.]+)";

const podClusterPattern = new RegExp(`^${podClusterRegex}$`);
