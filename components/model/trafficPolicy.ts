import type { TrafficPolicy } from "../core/customResource.ts";
import { type Duration, seconds } from "../core/quantity.ts";
import { defaultTimeout, type Traffic } from "./servedModel.ts";

/** One failing pod is seen after 3 s, and a pod that fails one request in a hundred hardly ever. */
export const outlierDefaults = {
  consecutive5xxErrors: 3,
  interval: "3s",
  baseEjectionTime: "30s",
  maxEjectionPercent: 50,
} as const;

/** Within a cluster or between its zones, a connection opens in milliseconds. */
const connectTimeout: Duration = "1s";

/** Below it, a model of few requests would refuse two callers at once. */
const leastRequests = 100;

/** Istio's fields are of 32 bits. */
export const mostRequests = 2 ** 31 - 1;

/** Retries take at most this share of the requests under way, so that they do not keep a model overloaded. */
const retryShare = 0.2;

/**
 * The policy of a model's DestinationRule, for the gateway and for sidecars of callers. It stands above the subsets,
 * which the Rollouts controller owns, and holds for each of them: a version's pods are counted apart from the other's.
 */
export function trafficPolicy(traffic: Traffic): TrafficPolicy {
  const { outlierDetection, warmup, localityLbSetting } = traffic;
  const http2MaxRequests = traffic.connectionPool?.http2MaxRequests ?? requestsOfPeak(traffic);
  return {
    connectionPool: {
      // Istio's 10 s outlast the default timeout, so a pod of a node that is gone would never be given up for another.
      tcp: { connectTimeout },
      http: { http2MaxRequests, maxRetries: Math.ceil(http2MaxRequests * retryShare) },
    },
    loadBalancer: {
      simple: "LEAST_REQUEST",
      ...(warmup === undefined ? {} : { warmup: { duration: warmup } }),
      // Written out: with an outlier detection, Istio otherwise prefers a caller's own zone.
      localityLbSetting: { enabled: localityLbSetting?.enabled ?? false },
    },
    ...(outlierDetection === "none" ? {} : { outlierDetection: { ...outlierDefaults, ...outlierDetection } }),
  };
}

function requestsOfPeak({ expectedQps, timeout = defaultTimeout }: Traffic): number {
  const underWay = Math.ceil(expectedQps.peak * seconds(timeout));
  return Math.min(mostRequests, Math.max(leastRequests, underWay));
}

/** Which failures a request is sent again after, and how often. Istio takes 0 attempts as none. */
export function retryPolicy({ retries = {} }: Traffic): { attempts: number; retryOn?: string } {
  const { attempts = 2, afterFailures = false } = retries;
  if (attempts === 0) return { attempts };
  return { attempts, retryOn: [...reachedNoPod, ...(afterFailures ? mayHaveReached : [])].join(",") };
}

const reachedNoPod = ["connect-failure", "refused-stream"] as const;
const mayHaveReached = ["reset", "gateway-error", "unavailable"] as const;
