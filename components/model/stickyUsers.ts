import type { EnvoyFilterSpec } from "../core/customResource.ts";
import { releaseRoutes } from "./objectNames.ts";
import type { GatewayProxies } from "./rateLimit.ts";

/** What tells users apart, so that each keeps one version: a request header, or a cookie that the application sets. */
export type UserKey = { readonly header: string } | { readonly cookie: string };

/**
 * Keeps each user on one version while a release splits the traffic: the gateway chooses by the hash of the user
 * instead of a random number. The hash modulo 100 is compared with the weights in their order, so a version gets its
 * weight of the users, and a user who is on the new version stays there when its weight grows. A user's hash differs
 * from release to release (`draw`), so that it is not always the same users who meet a new version first; that of a
 * cookie does not.
 *
 * Needs Istio 1.30: `use_hash_policy` of weighted clusters (envoyproxy/envoy #41244, Envoy 1.37). Requests without the
 * header or cookie are split by chance. Istio's own consistent hashing chooses a pod within a version, never a version.
 */
export function stickyUsersSpec(
  host: string,
  user: UserKey,
  draw: string,
  { selector }: Pick<GatewayProxies, "selector">,
): EnvoyFilterSpec {
  const hash =
    "header" in user
      ? {
          header: {
            header_name: user.header,
            regex_rewrite: { pattern: { regex: "^(.*)$" }, substitution: `${draw}/\\1` },
          },
        }
      : { cookie: { name: user.cookie } };
  return {
    workloadSelector: { labels: selector },
    // Only routes with weights: one of a cohort has none, and would lose its destination.
    configPatches: weightedRoutes.map((name) => ({
      applyTo: "HTTP_ROUTE",
      match: { context: "GATEWAY", routeConfiguration: { vhost: { domainName: host, route: { name } } } },
      patch: {
        operation: "MERGE",
        value: { route: { hash_policy: [hash], weighted_clusters: { use_hash_policy: true } } },
      },
    })),
  };
}

/** Istio names a route of a release after its entry: `entry-primary` (istio `pilot/pkg/model/virtualservice.go`). */
const weightedRoutes = [
  `entry-${releaseRoutes.http}`,
  `entry-${releaseRoutes.grpc}`,
  `entry-grpc-${releaseRoutes.grpc}`,
];
