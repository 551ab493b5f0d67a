import { writeFileSync } from "node:fs";
import { hanging, lineWidth } from "../../components/core/hanging.ts";
import { ProblemError, unknownChoice } from "../../components/core/problem.ts";
import {
  type PlannedTraffic,
  type ReleaseAt,
  releasePlan,
  type Spread,
} from "../../components/model/releasePlan/releasePlan.ts";
import { spanText } from "../../components/model/releasePlan/spanText.ts";
import { fastestSchedule, type Schedule, scheduleOf } from "../../components/model/strategies/size/schedules.ts";
import { canariesOf } from "../../components/model/strategies/size/sizeProblems.ts";
import { strategyOf } from "../../components/model/strategies/strategies.ts";
import type { CostRange } from "../../plan/cost/cost.ts";
import { type GpuHourPrice, gpuHourPrice } from "../../plan/cost/releaseCost.ts";
import { releasePicture } from "../../rehearsal/releasePicture.ts";
import { declaredEnvironment, declaredModel } from "../../stacks/declared.ts";
import { modelOnCluster, releaseContext } from "../../stacks/environments/releaseSite.ts";
import type { Answer, Invocation } from "../run.ts";
import { columns } from "../terminal.ts";

/** The options of `serin release plan`. */
export interface ReleasePlanOptions {
  /** `--environment`: where the model is declared. */
  readonly environment: string;
  /** `--cluster`: the cluster whose traffic and pools count. @default the first of the environment */
  readonly cluster?: string;
  /** `--burst`: how bad requests come together: the mean size of the burst that one is in. @default 1: one by one */
  readonly burst?: number;
  /**
   * `--gpu-price`: the price of one GPU, or share of one, for an hour, in any currency.
   * @default the list price of the cluster's pools, in US dollars, where it is known
   */
  readonly gpuPrice?: number;
  /** `--picture`: where the picture goes, an SVG file. @default no picture */
  readonly picture?: string;
}

/**
 * `serin release plan`: how long a release takes, how many requests fail meanwhile, how likely it ends wrongly and what
 * it needs, before anything is deployed. It needs no account and no cluster.
 *
 * @throws ProblemError for what is not declared
 */
export async function planRelease(name: string, options: ReleasePlanOptions, _: Invocation): Promise<Answer> {
  const environment = declaredEnvironment(options.environment);
  const declared = declaredModel(environment, name);
  const clusters = Object.keys(environment.clusters);
  const cluster = options.cluster ?? String(clusters[0]);
  if (!clusters.includes(cluster)) {
    throw new ProblemError(`Environment "${environment.name}" has no such cluster`, [
      unknownChoice("--cluster", cluster, clusters),
    ]);
  }
  const model = modelOnCluster(declared, environment);
  const context = releaseContext(name, declared, cluster, environment);
  const { trough, peak } = model.traffic.expectedQps;
  const rates: PlannedTraffic[] = [
    { when: "trough", requestsPerSecond: () => trough },
    ...(peak > trough ? [{ when: "peak", requestsPerSecond: () => peak }] : []),
  ];
  const plan = releasePlan(model, context, rates, { clumping: options.burst ?? 1 });
  if (plan === undefined) {
    throw new ProblemError(`The release of "${name}" cannot be planned`, [
      {
        path: `models.${name}.release.kind`,
        reason: `strategy "${declared.release.kind}" does not say how it judges.`,
        fix: "Give the strategy plannedSeconds and judgement.",
      },
    ]);
  }
  const schedules = canariesOf(model.release).map(({ path, declared: one }) => ({
    path,
    declared: scheduleOf(model, one, context),
    fastest: fastestSchedule(
      model,
      one,
      context,
      one.exposure.failedRequests ?? scheduleOf(model, one, context).failed,
    ),
  }));
  const cost = options.gpuPrice === undefined ? undefined : plan.surge.gpuHours * options.gpuPrice;
  const listed = gpuHourPrice(environment, cluster, model);
  const surgeCost = "unknown" in listed ? undefined : surgeCostOf(plan.surge.gpuHours, listed.dollars);
  if (options.picture !== undefined) writeFileSync(options.picture, releasePicture(name, plan));
  return {
    result: {
      environment: environment.name,
      cluster,
      model: name,
      ...plan,
      schedules,
      ...(cost === undefined ? { listPrice: listed, ...(surgeCost === undefined ? {} : { surgeCost }) } : { cost }),
    },
    text: [
      [
        `${name} on ${cluster} of ${environment.name}`,
        strategyOf(declared.release).sentence(declared, declared.release),
        `It gets ${share(clusters.length)} of the traffic. Pods count with half of their deadline.`,
      ].join("\n"),
      stageTable(plan.at),
      ...plan.at.map((at) => outcomeTable(at)),
      [
        surgeLine(plan.surge),
        ...costLine(plan.surge.gpus, cost, listed, surgeCost),
        ...schedules.flatMap(scheduleLines),
      ].join("\n"),
      ...(options.picture === undefined ? [] : [`Picture: ${options.picture}`]),
    ].join("\n\n"),
  };
}

function share(clusters: number): string {
  return clusters === 1 ? "all" : `1/${clusters} (${clusters} clusters)`;
}

function stageTable(at: readonly ReleaseAt[]): string {
  const stages = at[0]?.stages ?? [];
  const rows = stages.map((stage, index) => [
    stage.name,
    String(stage.pods),
    ...at.flatMap(({ stages: found }) => spans(found[index]?.seconds)),
  ]);
  return columns(
    [
      "a healthy version",
      "pods",
      ...at.flatMap(({ when, requestsPerSecond }) => [`${when} ${rate(requestsPerSecond)}`, "95 %"]),
    ],
    [...rows, ["in all", "", ...at.flatMap(({ seconds }) => spans(seconds))]],
    [1, 2, 3, 4, 5],
  );
}

function outcomeTable({ when, outcomes }: ReleaseAt): string {
  return columns(
    [`at the ${when}, fails`, "promoted", "rolled back", "after", "95 %", "failed", "95 %"],
    outcomes.map(({ version, chances, seconds, failed }) => [
      version,
      chance(chances.promoted),
      chance(chances.rolledBack),
      ...spans(seconds),
      count(failed.mean),
      count(failed.late),
    ]),
    [1, 2, 3, 4, 5, 6],
  );
}

function surgeLine({ pods, gpus, gpuHours }: { pods: number; gpus: number; gpuHours: number }): string {
  const of = gpus === 0 ? "" : `, ${gpus} GPUs or shares, ${gpuHours.toFixed(1)} GPU hours a release`;
  return `Beside the stable version: ${pods} pods${of}.`;
}

function surgeCostOf(gpuHours: number, { least, most }: CostRange): CostRange {
  return { least: gpuHours * least, most: gpuHours * most };
}

/** What the GPU hours of a release cost, or why that is not said. */
function costLine(
  gpus: number,
  cost: number | undefined,
  listed: GpuHourPrice,
  surge: CostRange | undefined,
): string[] {
  if (gpus === 0) return [];
  if (cost !== undefined) return [`They cost ${cost.toFixed(2)}.`];
  if ("unknown" in listed || surge === undefined) {
    const reason = "unknown" in listed ? listed.unknown : "no price is known";
    return hanging("", 2, [`What they cost is not known: ${reason}. --gpu-price gives a price.`], lineWidth());
  }
  const range = (of: CostRange) =>
    of.least.toFixed(2) === of.most.toFixed(2) ? of.most.toFixed(2) : `${of.least.toFixed(2)} to ${of.most.toFixed(2)}`;
  return [`They cost up to ${range(surge)} USD, at ${range(listed.dollars)} USD for a GPU hour.`];
}

/** Weights that save less than a tenth of the time are not worth a change. */
const worthwhile = 0.9;

function scheduleLines({ declared, fastest }: { declared: Schedule; fastest: Schedule | undefined }): string[] {
  const told = (one: Schedule) =>
    `${JSON.stringify(one.weights)}, up to ${spanText(one.seconds)}; if all fail, ${one.failed} at the peak`;
  return [
    `Declared weights: ${told(declared)}.`,
    ...(fastest === undefined || fastest.seconds > worthwhile * declared.seconds
      ? ["No weights are much faster without more failed requests."]
      : [`Faster weights:   ${told(fastest)}.`]),
  ];
}

function spans(value: Spread | undefined): string[] {
  return [spanText(value?.mean ?? Number.NaN), spanText(value?.late ?? Number.NaN)];
}

function rate(requestsPerSecond: number): string {
  return `${Number(requestsPerSecond.toPrecision(3))}/s`;
}

function chance(part: number): string {
  return `${Number((100 * part).toFixed(1))} %`;
}

function count(value: number): string {
  return value < 10 ? value.toFixed(1) : String(Math.round(value));
}
