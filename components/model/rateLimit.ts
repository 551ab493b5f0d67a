import type { EnvoyFilterSpec } from "../core/customResource.ts";
import type { RateLimit } from "./servedModel.ts";

/** The pods behind the models' Gateway, and where an EnvoyFilter for them is written. */
export interface GatewayProxies {
  /** Istio's root namespace, or that of the gateway's pods. */
  readonly namespace: string;
  /** Labels of the gateway's pods. */
  readonly selector: Readonly<Record<string, string>>;
}

/** 100 requests per second of one client. */
export const defaultRateLimit: RateLimit = { requestsPerSecond: 100 };

/** How many clients a gateway's pod remembers for one model. The one that it has not seen for longest starts afresh. */
const mostClients = 10_000;

const limitType = "type.googleapis.com/envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit";
const connectionManager = "envoy.filters.network.http_connection_manager";
const router = "envoy.filters.http.router";
/** The descriptor that Envoy makes of the address. */
const client = "masked_remote_address";

/**
 * The rate limit of a model at the gateway, where a request that is too many has not chosen a version yet. The limit is
 * of the virtual host, so it holds for routes that the Rollouts controller adds, too. The filter bears the model's
 * name: two with one name would each take a token from both limits.
 *
 * Needs Istio 1.26: `domainName`, and buckets by client (Envoy 1.34).
 */
export function rateLimitSpec(
  filter: string,
  host: string,
  { requestsPerSecond }: RateLimit,
  { selector }: Pick<GatewayProxies, "selector">,
): EnvoyFilterSpec {
  const bucket = { max_tokens: requestsPerSecond, tokens_per_fill: requestsPerSecond, fill_interval: "1s" };
  const always = { default_value: { numerator: 100, denominator: "HUNDRED" } };
  return {
    workloadSelector: { labels: selector },
    configPatches: [
      {
        applyTo: "HTTP_FILTER",
        match: {
          context: "GATEWAY",
          listener: { filterChain: { filter: { name: connectionManager, subFilter: { name: router } } } },
        },
        patch: {
          operation: "INSERT_BEFORE",
          // Without a bucket it limits nothing: hosts of others pass.
          value: { name: filter, typed_config: { "@type": limitType, stat_prefix: filter } },
        },
      },
      {
        applyTo: "VIRTUAL_HOST",
        match: { context: "GATEWAY", routeConfiguration: { vhost: { domainName: host } } },
        patch: {
          operation: "MERGE",
          value: {
            typed_per_filter_config: {
              [filter]: {
                "@type": limitType,
                stat_prefix: filter,
                filter_enabled: always,
                filter_enforced: always,
                token_bucket: bucket,
                always_consume_default_token_bucket: false,
                max_dynamic_descriptors: mostClients,
                rate_limits: [
                  { actions: [{ masked_remote_address: { v4_prefix_mask_len: 32, v6_prefix_mask_len: 64 } }] },
                ],
                // No value: each address has a bucket of its own.
                descriptors: [{ entries: [{ key: client }], token_bucket: bucket }],
                response_headers_to_add: [
                  {
                    append_action: "OVERWRITE_IF_EXISTS_OR_ADD",
                    header: { key: "retry-after", value: "1" },
                  },
                ],
                // gRPC clients get RESOURCE_EXHAUSTED instead of UNAVAILABLE, which they would send again at once.
                rate_limited_as_resource_exhausted: true,
              },
            },
          },
        },
      },
    ],
  };
}
