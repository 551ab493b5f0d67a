import type { Duration, Percent } from "../core/quantity.ts";
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

/** What the model is expected to meet; capacity and the length of an analysis follow from it. */
export interface Traffic {
  /**
   * Requests per second of the whole model: the least and the most of a normal day. At least 0.1, since an analysis
   * waits for a number of requests.
   */
  readonly expectedQps: { readonly trough: number; readonly peak: number };
  /**
   * Longest time the gateway waits for an answer: whole milliseconds, at most "1h", at least 1.25 times `slo.p99`.
   * @default "5s", which is far beyond any p99 worth serving. Changing it restarts nothing.
   */
  readonly timeout?: Duration;
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
  /**
   * The mean of the scores the model predicts, and how far it may be off, at least 0.000001. Without it the predictions
   * are not judged.
   */
  readonly predictionScore?: { readonly mean: number; readonly tolerance: number };
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
}
