import { dnsLabelProblems, plainPath } from "../core/names.ts";
import { type Problem, under, unknownChoice } from "../core/problem.ts";
import {
  countProblems,
  type Duration,
  duration,
  durationProblems,
  milliseconds,
  percentProblems,
} from "../core/quantity.ts";
import { repeats } from "../core/repeats.ts";
import { artifactProblems } from "./artifact.ts";
import { isMeasurable, nearestMeasurable } from "./latencyEdges.ts";
import type { Model } from "./model.ts";
import { rollbackProblems } from "./rollback.ts";
import { rollbackGuardName } from "./rollbackGuard.ts";
import { defaultTimeout, type ModelRepository, type PredictionScore, type Slo, type Traffic } from "./servedModel.ts";
import { type Release, strategies, strategyOf } from "./strategies/strategies.ts";
import { timeoutBounds, trafficProblems } from "./trafficProblems.ts";
import { tritonProblems } from "./triton.ts";

/** A pod's name is the Rollout's, a hash of up to 10 and a suffix of 5, in 63 characters. */
const maxModelName = 40;

/** Everything wrong with a model, by the path its owner typed. */
export function validateModel(name: string, model: Model): Problem[] {
  return [...modelNameProblems("name", name), ...modelProblems(model)];
}

/** Everything wrong with the name of a model. */
export function modelNameProblems(path: string, name: string): Problem[] {
  return dnsLabelProblems(path, name, maxModelName);
}

/** Everything wrong with a model but its name, by the path below the model. */
export function modelProblems(model: Model): Problem[] {
  const problems = [
    ...versionProblems(model.version),
    ...(model.artifact === undefined ? [] : under("artifact", artifactProblems(model.artifact))),
    ...under("server", tritonProblems(model.server)),
    ...under("repository", repositoryProblems(model.repository)),
    ...countProblems("replicas", model.replicas, 1),
    ...under("traffic", trafficProblems(model.traffic, model.stateless ?? false)),
    ...under("slo", sloProblems(model.slo, model.traffic)),
    ...guardProblems(model),
    ...under("slo.saturation", saturationProblems(model)),
    ...under("release", releaseProblems(model)),
  ];
  // What a step takes is known once everything that it follows from is right.
  return problems.length > 0 ? problems : patienceProblems(model);
}

/** A release whose step takes longer decides nothing in time. */
const longestStepDays = 7;

/** Problems of traffic that is too little for the planned weights. */
function patienceProblems(model: Model): Problem[] {
  const { release, traffic } = model;
  const steps = strategyOf(release).plannedSeconds?.(model, release, assumed) ?? [];
  const days = Math.max(0, ...steps) / 86_400;
  if (days <= longestStepDays) return [];
  return [
    {
      path: "traffic.expectedQps.trough",
      reason: `at ${traffic.expectedQps.trough} requests a second, a step of the release takes up to ${Math.ceil(days)} days.`,
      fix: "Begin with a larger weight, allow a higher slo.errorRate, or write a larger trough.",
    },
  ];
}

/** Where a model runs adds seconds to a step, not days. */
const assumed = {
  name: "model",
  namespace: "models",
  prometheusAddress: "http://prometheus",
  scrapeInterval: "15s",
  podDeadlineSeconds: 600,
} as const;

function guardProblems(model: Model): Problem[] {
  const guards = (model.guards ?? []).map((guard, index) => ({ guard, path: `guards[${index}]` }));
  const problems = guards.flatMap(({ guard, path }) => under(path, rollbackProblems(guard, model)));
  if (problems.length > 0) return problems;
  return repeats(guards, ({ guard }) => rollbackGuardName(guard)).map(({ item, first }) => ({
    path: item.path,
    reason: `it limits the same share over the same time as ${first.path}.`,
    fix: "Remove one of them.",
  }));
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

function isPlainPath(value: string): boolean {
  return plainPath.test(value) && !value.split("/").some((name) => name === "." || name === "..");
}

function pathProblems(path: string, value: string): Problem[] {
  return isPlainPath(value)
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
    const [, prefix] = /^s3:\/\/[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:\/(.+))?$/.exec(repository.s3) ?? [undefined, ""];
    const problems: Problem[] =
      prefix === undefined || isPlainPath(prefix)
        ? []
        : [
            {
              path: "s3",
              reason: `"${repository.s3}" is not s3://bucket/prefix, the prefix of plain names.`,
              fix: 'Write, for example, "s3://models/fraud", without a slash at the end.',
            },
          ];
    if (!/^[a-z]+(-[a-z]+)+-\d{1,2}$/.test(repository.region)) {
      problems.push({
        path: "region",
        reason: `"${repository.region}" is not a region as AWS writes them.`,
        fix: 'Write the bucket\'s, for example "us-east-1".',
      });
    }
    return problems;
  }
  return [unknownChoice("kind", Object.keys(repository).join(", "), ["modelStore", "pvc", "s3"])];
}

/** In units of the score. */
const leastTolerance = 1e-6;

/**
 * A request that times out counts as slow where the time measured at the pod reaches the objective; the gateway's time
 * began earlier, by what a busy node or a new connection takes.
 */
const timeoutRoom = 1.25;

function scoreProblems({ mean, tolerance, min = 0, max = 1 }: PredictionScore): Problem[] {
  const notNumbers = Object.entries({ mean, tolerance, min, max }).flatMap(([path, value]): Problem[] =>
    Number.isFinite(value)
      ? []
      : [
          {
            path,
            reason: `${value} is not a number.`,
            fix: "Write a number, for example { mean: 0.12, tolerance: 0.02 }.",
          },
        ],
  );
  if (notNumbers.length > 0) return notNumbers;
  const problems: Problem[] = [];
  if (tolerance < leastTolerance) {
    problems.push({
      path: "tolerance",
      reason: `${tolerance} is below 0.000001, and queries have 8 decimals.`,
      fix: "Write how far the mean may be off, for example 0.02.",
    });
  } else if (max > min && tolerance >= max - min) {
    problems.push({
      path: "tolerance",
      reason: `${tolerance} is not below ${Number((max - min).toPrecision(6))}, the distance from the least score to the greatest, so no mean would be off.`,
      fix: "Write how far the mean may be off, for example 0.02.",
    });
  }
  if (!(mean > min && mean < max)) {
    problems.push({
      path: "mean",
      reason: `${mean} is not between the least score, ${min}, and the greatest, ${max}.`,
      fix: "Write the mean of the scores, and min and max where they are not 0 and 1.",
    });
  }
  return problems;
}

function sloProblems({ p99, errorRate, predictionScore }: Slo, { timeout = defaultTimeout }: Traffic): Problem[] {
  const latency = latencyProblems("p99", p99);
  const problems = [...latency, ...percentProblems("errorRate", errorRate, { min: "0.001%", max: "25%" })];
  // A timeout that is not well-formed has a problem of its own.
  if (latency.length === 0 && durationProblems("timeout", timeout, timeoutBounds).length === 0) {
    const most = milliseconds(timeout) / timeoutRoom;
    if (milliseconds(p99) > most) {
      problems.push({
        path: "p99",
        reason: `"${p99}" is above four fifths of the time the gateway waits (traffic.timeout, ${timeout}), so hardly an answer could be too slow.`,
        fix: "Raise traffic.timeout, or lower p99.",
      });
    }
  }
  if (predictionScore !== undefined) problems.push(...under("predictionScore", scoreProblems(predictionScore)));
  return problems;
}

function saturationProblems({ slo: { saturation = {} }, server }: Model): Problem[] {
  const { queueTime } = saturation;
  const ofGpu = (["gpuUtilization", "gpuMemory"] as const).flatMap((key) => {
    const bound = saturation[key];
    if (bound === undefined) return [];
    return server.gpu === undefined
      ? [{ path: key, reason: "the model has no GPU.", fix: "Leave it out, or declare server.gpu." }]
      : percentProblems(key, bound);
  });
  return [
    ...ofGpu,
    ...(queueTime === undefined ? [] : durationProblems("queueTime", queueTime, { min: "0.1ms", max: "15m" })),
  ];
}

/**
 * Problems of an objective for latency: the proxies measure two significant digits. Prometheus writes an edge of 1,000
 * seconds as 1e+06, so that no query would find it.
 */
function latencyProblems(path: string, objective: Duration): Problem[] {
  const problems = durationProblems(path, objective, { min: "1ms", max: "15m", whole: "1ms" });
  if (problems.length > 0 || isMeasurable(milliseconds(objective))) return problems;
  const [below, above] = nearestMeasurable(milliseconds(objective)).map(duration);
  return [
    {
      path,
      reason: `"${objective}" cannot be measured: proxies count latencies in bins of two significant digits.`,
      fix: `Write "${below}" or "${above}".`,
    },
  ];
}

/** Problems of a release, as its strategy sees them. */
function releaseProblems(model: Model): Problem[] {
  const release: Release = model.release;
  return Object.hasOwn(strategies, release.kind)
    ? strategyOf(release).problems(release, model)
    : [unknownChoice("kind", release.kind, Object.keys(strategies))];
}
