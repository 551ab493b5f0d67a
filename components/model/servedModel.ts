import type { Duration, Percent } from "../core/quantity.ts";
import type { Artifact } from "./artifact.ts";
import type { Rollback } from "./rollback.ts";
import type { TritonServer } from "./triton.ts";

/**
 * Where the versions of a model are stored. Under the location every version has a Triton model repository of its own,
 * `<location>/<version>/<model>/…`, so that two versions never share a configuration. Changing it starts a canary.
 */
export type ModelRepository =
  /**
   * This folder of the model store of whatever cluster the model runs on: `"fraud"`. Pods are given read access to it
   * and nothing else.
   */
  | { readonly modelStore: string }
  /**
   * A PersistentVolumeClaim in the models' namespace, mounted read-only; `path` is the model's folder in it, by default
   * the model's name.
   */
  | { readonly pvc: string; readonly path?: string }
  /**
   * `s3://bucket/prefix`; `region` is the bucket's. Pods reach it through their ServiceAccount's identity, never
   * through keys.
   */
  | { readonly s3: `s3://${string}`; readonly region: string };

/** How long the gateway waits for an answer: far beyond any p99 worth serving. */
export const defaultTimeout: Duration = "5s";

/** What one client may send. */
export interface RateLimit {
  /**
   * Requests of one client in a second, 1 to 1000000, and as many at once after a second without any. A client is an
   * IPv4 address or an IPv6 /64, as the gateway sees it. Each pod of the gateway counts for itself.
   */
  readonly requestsPerSecond: number;
}

/** Whose tokens (JWT) let a request through, named as in Istio's RequestAuthentication. */
export interface Jwt {
  /** The `iss` claim: the https URL of the issuer. With `jwks` or `jwksUri` any other text without spaces, too. */
  readonly issuer: string;
  /**
   * The `aud` claim must have one of these, at least one. They are required: an issuer's tokens for other services
   * would open the model, too.
   */
  readonly audiences: readonly string[];
  /**
   * Where istiod gets the issuer's public keys, https. While it cannot get them, every token is refused with 401.
   * @default what `<issuer>/.well-known/openid-configuration` names
   */
  readonly jwksUri?: string;
  /** The public keys themselves, as a JSON Web Key Set, in place of `jwksUri`. */
  readonly jwks?: string;
}

/** Requests that are sent once more, to another pod where there is one. */
export interface Retries {
  /** How often a request is sent again, 0 to 10. @default 2 */
  readonly attempts?: number;
  /**
   * True: a request is also sent again after a reset connection, 502, 503, 504 or gRPC UNAVAILABLE, although it may
   * have reached a pod. Only for a model that is `stateless`. Each attempt counts in the analyses of a release.
   * @default false: an inference that writes somewhere would write twice
   */
  readonly afterFailures?: boolean;
}

/**
 * When a pod that goes on failing gets no requests for a while, named as in Istio's DestinationRule. HTTP 5xx and gRPC
 * errors count, and connections that fail.
 */
export interface OutlierDetection {
  /** Failures in a row, 1 to 1000. @default 3 */
  readonly consecutive5xxErrors?: number;
  /** Time between two looks, 1ms to "1h". @default "3s" */
  readonly interval?: Duration;
  /** How long the pod gets nothing, times the number of its ejections: 1ms to "5m". @default "30s" */
  readonly baseEjectionTime?: Duration;
  /**
   * The most pods of a version that may be without requests at once, in percent, 1 to 99: never all.
   * @default 50: one of two may go, and more than half would overload the rest
   */
  readonly maxEjectionPercent?: number;
}

/**
 * What the model is expected to meet, and what stands between it and its callers. `expectedQps` sizes analyses; of the
 * rest, no change restarts a pod or starts a release.
 */
export interface Traffic {
  /**
   * Requests per second of the whole model: the least and the most of a normal day. At least 0.1, since an analysis
   * waits for a number of requests.
   */
  readonly expectedQps: { readonly trough: number; readonly peak: number };
  /**
   * Longest time the gateway, or the sidecar of a caller in the mesh, waits for an answer: whole milliseconds, at most
   * "1h", at least 1.25 times `slo.p99`.
   * @default "5s", which is far beyond any p99 worth serving
   */
  readonly timeout?: Duration;
  /** Requests that are sent once more. @default twice, and only requests that reached no pod */
  readonly retries?: Retries;
  /**
   * What one client may send through the gateway. More is answered with 429 and `retry-after` (gRPC:
   * RESOURCE_EXHAUSTED) and reaches no version, so no analysis counts it. Callers in the mesh are not limited.
   * @default 100 requests per second
   */
  readonly rateLimit?: RateLimit | "none";
  /**
   * Whose tokens let a request through, whether it comes through the gateway or from a pod in the mesh: the pods of all
   * versions check it, over HTTP and gRPC. A wrong token is answered with 401, none or another audience with 403.
   * @default no token is asked for
   */
  readonly jwt?: Jwt;
  /** When a failing pod gets no requests for a while. @default three failures in a row */
  readonly outlierDetection?: OutlierDetection | "none";
  /**
   * `http2MaxRequests`, as Istio names it: requests that may wait for a version at once in each proxy, over HTTP/1.1,
   * too, 1 to 2147483647. Further ones are answered with 503 at once.
   * @default as many as the peak sends within the timeout, at least 100: reached only where more than the peak hangs
   */
  readonly connectionPool?: { readonly http2MaxRequests: number };
  /**
   * How long a pod that becomes ready, or comes back, gets less than its share: from 10 % on, rising. 1s to "1h". For
   * servers whose first answers are slow though they are ready.
   * @default none: where a weight of a release adds pods, those that were there would carry twice their share
   * meanwhile, and the analyses would blame the version
   */
  readonly warmup?: Duration;
  /**
   * `enabled: true`: pods in the zone of a caller, or of the gateway's pod, get its requests as long as they are
   * healthy.
   * @default false: with few pods that are not spread as the requests are, one zone's would be overloaded
   */
  readonly localityLbSetting?: { readonly enabled: boolean };
}

/** The scores that a model predicts. */
export interface PredictionScore {
  /** Their mean, between `min` and `max`. */
  readonly mean: number;
  /**
   * How far the mean may be off to either side, in units of the score: at least 0.000001, below the distance from `min`
   * to `max`. A version that is off by more than half of it may be rolled back; one that is off by one and a half is.
   */
  readonly tolerance: number;
  /** The least score that the model predicts. A lower one would void the verdict. @default 0 */
  readonly min?: number;
  /** The greatest score that the model predicts. A higher one would void the verdict. @default 1 */
  readonly max?: number;
}

/** The objectives a new version is judged by. */
export interface Slo {
  /**
   * 99 % of requests are answered in less than this time: two significant digits, since proxies measure no more, "1ms"
   * to "15m", at most four fifths of `traffic.timeout`. It makes an edge of the latency buckets, so changing it starts
   * a release. Proxies before Istio 1.30 test it up to a tenth lower.
   */
  readonly p99: Duration;
  /**
   * The share of requests that may fail, 0.001 % to 25 %: HTTP 5xx, the gRPC statuses UNKNOWN, DEADLINE_EXCEEDED,
   * UNIMPLEMENTED, INTERNAL, UNAVAILABLE and DATA_LOSS, and what the gateway could not deliver or gave up after
   * `traffic.timeout`.
   */
  readonly errorRate: Percent;
  /** What the scores that the model predicts are like. Without it the predictions are not judged. */
  readonly predictionScore?: PredictionScore;
  /**
   * Bounds on the load of a new version's GPUs and queue. @default none: only errors that a version causes on its GPU
   * (Xid 13, 31 and 43) roll it back
   */
  readonly saturation?: Saturation;
}

/**
 * What a new version may take of its GPUs and its queue. While it takes more in every scrape of two minutes (of four
 * scrapes where these are farther apart), and the stable version takes less, it is rolled back. Where nothing is
 * measured, nothing is rolled back. Changing a bound restarts nothing.
 */
export interface Saturation {
  /** The mean duty cycle of its GPUs (`DCGM_FI_DEV_GPU_UTIL`). @default not judged */
  readonly gpuUtilization?: Percent;
  /** Memory in use of any of its GPUs (`DCGM_FI_DEV_FB_USED`). @default not judged */
  readonly gpuMemory?: Percent;
  /**
   * The mean time that its requests wait in Triton's queue (`nv_inference_queue_duration_us`), over at least 50 of
   * them: 0.1 milliseconds to "15m".
   * @default not judged
   */
  readonly queueTime?: Duration;
}

/** A version of a model as pods serve it: everything but how a change of the version is released. */
export interface ServedModel {
  /** The server and what its pods get. */
  readonly server: TritonServer;
  /** Where the versions are stored. */
  readonly repository: ModelRepository;
  /** Pods of the stable version, at least 1. Changing it restarts nothing. */
  readonly replicas: number;
  /**
   * `apart`: the scheduler puts the pods of a version onto different zones and nodes where it can, and onto the same
   * ones where it cannot. `anywhere`: as the scheduler's own settings say, for pods that are to fill few nodes.
   * Changing it starts a release.
   * @default "apart", so that the loss of a zone or a node takes as few pods as possible
   */
  readonly spread?: "apart" | "anywhere";
  /** The traffic that the model is expected to meet. */
  readonly traffic: Traffic;
  /** The objectives that a new version must meet. */
  readonly slo: Slo;
  /**
   * Limits at which the traffic goes back to the version before, in the release and after it: `rollback(…)`. Changing
   * them restarts nothing, but a release that is under way begins again. @default none: a release ends when all traffic
   * is on the new version and its last step is over
   */
  readonly guards?: readonly Rollback[];
  /**
   * Whether an inference changes nothing but its answer, so that the same request may be sent to two versions. A
   * `shadow` release needs it. Changing it restarts nothing.
   * @default false, since an inference that writes somewhere would write twice
   */
  readonly stateless?: boolean;
  /**
   * The version to serve: a name in the model's repository, 1 to 20 of a-z, 0-9, "." and "-". Changing it starts a
   * release.
   */
  readonly version: string;
  /**
   * What the files of the version must be: its pods start with no others. A pod reads all of them once before Triton
   * starts. Write it together with `version`; changing it starts a release.
   * @default the pods start with whatever the folder of the version has
   */
  readonly artifact?: Artifact;
}
