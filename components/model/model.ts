import { dnsLabelProblems, plainPath } from "../core/names.ts";
import { type Problem, under, unknownChoice } from "../core/problem.ts";
import { type Duration, durationProblems, milliseconds, type Percent, percentProblems } from "../core/quantity.ts";
import { type TritonServer, tritonProblems } from "./triton.ts";

/**
 * Where the versions of a model are stored. Under the location every version has a Triton model repository of its own,
 * `<location>/<version>/<model>/…`, so that two versions never share a configuration. Changing it starts a canary.
 */
export type ModelRepository =
  /** This folder of the model store of whatever cluster the model runs on: `"fraud"`. Pods are given read access to it and nothing else. */
  | { readonly modelStore: string }
  /** A PersistentVolumeClaim in the models' namespace, mounted read-only; `path` is the model's folder in it, @default the model's name. */
  | { readonly pvc: string; readonly path?: string }
  /** `s3://bucket/prefix`; `region` is the bucket's. Pods reach it through their ServiceAccount's identity, never through keys. */
  | { readonly s3: `s3://${string}`; readonly region: string };

/** What the model is expected to meet; capacity and the length of an analysis follow from it. */
export interface Traffic {
  /** Requests per second of the whole model: the least and the most of a normal day. */
  readonly expectedQps: { readonly trough: number; readonly peak: number };
  /** Longest time the gateway waits for an answer. @default "5s", which is far beyond any p99 worth serving. Changing it restarts nothing. */
  readonly timeout?: Duration;
}

/** The objectives a new version is judged by. */
export interface Slo {
  /** 99 % of requests are answered within this time. Becomes an edge of the latency buckets, so changing it starts a canary. */
  readonly p99: Duration;
  /** The share of requests that may fail (HTTP 5xx). */
  readonly errorRate: Percent;
  /** The mean of the scores the model predicts, and how far it may be off. Without it the predictions are not judged. */
  readonly predictionScore?: { readonly mean: number; readonly tolerance: number };
}

/** A release that shifts traffic step by step, each step but the last decided by an analysis. */
export interface Canary {
  readonly kind: "canary";
  /** Percent of traffic on the new version, rising whole numbers, the last 100 and at least one below 50. */
  readonly weights: readonly number[];
  /** Least time on each step before its analysis starts, so that slow effects show. */
  readonly bake: Duration;
  /** Longest outage of Prometheus that does not abort a release. */
  readonly metricsOutage: Duration;
  /** How sure a verdict must be. */
  readonly confidence: { readonly falseAlarm: Percent; readonly miss: Percent };
}

/** A model as its owner declares it, apart from the version, which each environment chooses. */
export interface ModelSpec {
  readonly server: TritonServer;
  readonly repository: ModelRepository;
  /** Pods of the stable version. */
  readonly replicas: number;
  readonly traffic: Traffic;
  readonly slo: Slo;
  readonly release: Canary;
}

/** A model in an environment. */
export interface Model extends ModelSpec {
  /** The version to serve: a name in the model's repository, 1 to 20 of a-z, 0-9, "." and "-". Changing it starts a canary. */
  readonly version: string;
}

/**
 * Declares a model.
 *
 * @example
 * export const fraud = defineModel({
 *   server: triton({ backend: "python" }),
 *   repository: { pvc: "model-store" },
 *   traffic: { expectedQps: { trough: 100, peak: 1_000 } },
 *   slo: { p99: "150ms", errorRate: "0.1%" },
 *   release: canary({ weights: [5, 20, 50, 100] }),
 * });
 */
export function defineModel(spec: Omit<ModelSpec, "replicas"> & { readonly replicas?: number }): ModelSpec {
  // Two replicas: one may be drained, or fail, without an outage.
  return { replicas: 2, ...spec };
}

/** A canary; see `Canary` for the fields. */
export function canary(options: Partial<Omit<Canary, "kind">> = {}): Canary {
  return {
    kind: "canary",
    // 5 % bounds what a bad version can harm; each step after it multiplies the evidence.
    weights: options.weights ?? [5, 20, 50, 100],
    // Two minutes show caches filling and memory growing; the sequential test takes what it needs on top.
    bake: options.bake ?? "2m",
    metricsOutage: options.metricsOutage ?? "5m",
    // A healthy release in a hundred is rolled back for nothing, a bad one in twenty passes one of its objectives.
    confidence: options.confidence ?? { falseAlarm: "1%", miss: "5%" },
  };
}

/** A pod's name is the Rollout's, a hash of up to 10 and a suffix of 5, in 63 characters. */
const maxModelName = 40;

/** Everything wrong with a model, by the path its owner typed. */
export function validateModel(name: string, model: Model): Problem[] {
  return [
    ...dnsLabelProblems("name", name, maxModelName),
    ...versionProblems(model.version),
    ...under("server", tritonProblems(model.server)),
    ...under("repository", repositoryProblems(model.repository)),
    ...countProblems("replicas", model.replicas, 1),
    ...under("traffic", trafficProblems(model.traffic)),
    ...under("slo", sloProblems(model.slo)),
    ...under("release", releaseProblems(model.release)),
  ];
}

function versionProblems(version: string): Problem[] {
  if (/^[a-z0-9]([a-z0-9.-]{0,18}[a-z0-9])?$/.test(version)) return [];
  return [
    {
      path: "version",
      reason: `"${version}" is not 1 to 20 of a-z, 0-9, "." and "-".`,
      fix: 'Write a version of the repository, such as "2".',
    },
  ];
}

function pathProblems(path: string, value: string): Problem[] {
  return plainPath.test(value) && !value.split("/").some((name) => name === "." || name === "..")
    ? []
    : [
        {
          path,
          reason: `"${value}" is not a relative path of plain names.`,
          fix: 'Write, for example, "teams/fraud".',
        },
      ];
}

function repositoryProblems(repository: ModelRepository): Problem[] {
  if ("modelStore" in repository) return pathProblems("modelStore", repository.modelStore);
  if ("pvc" in repository) {
    return [
      ...dnsLabelProblems("pvc", repository.pvc),
      ...(repository.path === undefined ? [] : pathProblems("path", repository.path)),
    ];
  }
  if ("s3" in repository) {
    return /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](\/[^\s/]+)*$/.test(repository.s3)
      ? []
      : [
          {
            path: "s3",
            reason: `"${repository.s3}" is not s3://bucket/prefix.`,
            fix: 'Write, for example, "s3://models/fraud", without a slash at the end.',
          },
        ];
  }
  return [unknownChoice("kind", Object.keys(repository).join(", "), ["modelStore", "pvc", "s3"])];
}

function trafficProblems({ expectedQps, timeout }: Traffic): Problem[] {
  const problems = timeout === undefined ? [] : durationProblems("timeout", timeout, { min: "1ms", max: "1h" });
  for (const key of ["trough", "peak"] as const) {
    if (!(expectedQps[key] > 0))
      problems.push({ path: `expectedQps.${key}`, reason: `${expectedQps[key]} is not above 0.` });
  }
  if (expectedQps.trough > expectedQps.peak) {
    problems.push({
      path: "expectedQps.trough",
      reason: `${expectedQps.trough} is above the peak (${expectedQps.peak}).`,
      fix: "Write the least of a normal day as trough and the most as peak.",
    });
  }
  return problems;
}

function sloProblems({ p99, errorRate, predictionScore }: Slo): Problem[] {
  const problems = [
    ...durationProblems("p99", p99, { min: "1ms", max: "1h" }),
    ...percentProblems("errorRate", errorRate),
  ];
  if (problems.length === 0 && !Number.isInteger(milliseconds(p99))) {
    problems.push({
      path: "p99",
      reason: `"${p99}" is not a whole number of milliseconds, which an edge of the latency buckets must be.`,
    });
  }
  if (predictionScore !== undefined) {
    if (!Number.isFinite(predictionScore.mean))
      problems.push({ path: "predictionScore.mean", reason: `${predictionScore.mean} is not a number.` });
    if (!(predictionScore.tolerance > 0)) {
      problems.push({
        path: "predictionScore.tolerance",
        reason: `${predictionScore.tolerance} is not above 0.`,
        fix: "Write how far the mean may be off, for example 0.02.",
      });
    }
  }
  return problems;
}

function releaseProblems({ weights, bake, metricsOutage, confidence }: Canary): Problem[] {
  const problems = [
    ...durationProblems("bake", bake, { max: "24h" }),
    ...durationProblems("metricsOutage", metricsOutage, { min: "10s", max: "24h" }),
    ...percentProblems("confidence.falseAlarm", confidence.falseAlarm),
    ...percentProblems("confidence.miss", confidence.miss),
  ];
  weights.forEach((weight, index) => {
    const before = weights[index - 1] ?? 0;
    if (!Number.isInteger(weight) || weight < 1 || weight > 100) {
      problems.push({
        path: `weights[${index}]`,
        reason: `${weight} is not a whole number from 1 to 100.`,
        fix: "Write percent of traffic; Istio's smallest step is 1.",
      });
    } else if (weight <= before) {
      problems.push({
        path: `weights[${index}]`,
        reason: `${weight} is not above ${before}, the weight before it.`,
        fix: "Write rising weights, for example [5, 20, 50, 100].",
      });
    }
  });
  if (weights.at(-1) !== 100) {
    problems.push({
      path: "weights",
      reason: `the last weight is ${weights.at(-1) ?? "missing"}, so the release would never end.`,
      fix: "End with 100.",
    });
  }
  if (!weights.some((weight) => weight < 50)) {
    problems.push({
      path: "weights",
      reason: "no weight is below 50, so half of the traffic would meet the version before any analysis.",
      fix: "Start with a small weight, for example 5.",
    });
  }
  return problems;
}

function countProblems(path: string, value: number, min: number): Problem[] {
  return Number.isInteger(value) && value >= min
    ? []
    : [{ path, reason: `${value} is not a whole number of at least ${min}.` }];
}
