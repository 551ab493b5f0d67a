import type * as pulumi from "@pulumi/pulumi";
import type { CustomResourceSpecs, DeepInput } from "../../core/customResource.ts";
import type { Problem } from "../../core/problem.ts";
import type { Duration, Percent } from "../../core/quantity.ts";
import type { ServedModel } from "../servedModel.ts";
import type { UserKey } from "../stickyUsers.ts";

/** A release as a model declares it: plain data, told apart by `kind`. */
export interface DeclaredRelease {
  /** The key of the strategy in the record of strategies. */
  readonly kind: string;
}

/** The model whose pods a query counts. */
export interface ModelName {
  /** The model's name. */
  readonly name: string;
  /** The namespace of its pods. */
  readonly namespace: string;
}

/** What an analysis needs to know of its surroundings. */
export interface AnalysisContext extends ModelName {
  /** Where the Argo Rollouts controller reaches Prometheus. */
  readonly prometheusAddress: pulumi.Input<string>;
  /** Time between two scrapes. A verdict cannot come faster. */
  readonly scrapeInterval: Duration;
  /** Longest wait for the next pod of a version, in seconds: starting a node, pulling the image, loading the model. */
  readonly podDeadlineSeconds: number;
  /**
   * How long a plan expects the requests of a cohort, and the decision of a person, to take, in seconds. No object
   * depends on it.
   * @default 3600: who sends them, and when, is not known, and after an hour a person wants to hear of it
   */
  readonly callerWaitSeconds?: number;
}

/** An AnalysisTemplate that a strategy needs. */
export interface StrategyAnalysis {
  /** The name of the Pulumi resource, below the model's own. Changing it replaces the template. */
  readonly child: string;
  /** The object's name. The Rollout refers to it. */
  readonly object: string;
  /** The object's spec. */
  readonly spec: DeepInput<CustomResourceSpecs["AnalysisTemplate"]>;
}

/** The strategy of a Rollout, as it is declared: plain data, so that strategies can build on each other. */
export type RolloutStrategy = NonNullable<CustomResourceSpecs["Rollout"]["strategy"]>;

/** The strategy of a Rollout, as it is read from a cluster: every field may be missing. */
export type FoundStrategy = Readonly<Record<string, unknown>>;

/** PromQL of what the pods of the new version have answered; `{{args.canary-hash}}` stands for their hash. */
export interface ReleaseCounters {
  /** Requests that were answered. */
  readonly requests: string;
  /** Those among them that failed. */
  readonly errors: string;
  /** Those among them that were slower than the objective. */
  readonly slow: string;
}

/** How a release judges; `Judgement` in `analysis/metrics.ts` says what the fields mean. */
export interface ReleaseJudgement {
  /** Longest outage of Prometheus that does not abort a release. */
  readonly metricsOutage: Duration;
  /** How often a verdict may be wrong. */
  readonly confidence: { readonly falseAlarm: Percent; readonly miss: Percent };
  /** How long the release waits beside its tests, in seconds. @default 0 */
  readonly waits?: number;
}

/** What progress of a release means. */
export interface ReleaseProgress {
  /** Whether a Rollout in a cluster follows this strategy. */
  owns(strategy: FoundStrategy): boolean;
  /** The percent of traffic on the new version during each step of the Rollout. */
  stepWeights(strategy: FoundStrategy): number[];
  /** What the analyses themselves count. */
  counters(model: ServedModel, at: ModelName): ReleaseCounters;
}

/**
 * Everything that the rest of the program asks of a release strategy. One object a strategy, in the strategy's folder;
 * one line in the record of strategies (`strategies.ts`). No code outside a strategy's folder knows its steps.
 */
export interface ReleaseStrategy<Release extends DeclaredRelease = DeclaredRelease> {
  /** Everything wrong with a declared release of this model, by the path below `release`. */
  problems(release: Release, model: ServedModel): Problem[];
  /** The AnalysisTemplates that the Rollout refers to. */
  analyses(model: ServedModel, release: Release, context: AnalysisContext): readonly StrategyAnalysis[];
  /** The strategy of the Rollout. */
  rollout(model: ServedModel, release: Release, context: AnalysisContext): RolloutStrategy;
  /**
   * Names of the routes that the controller adds to the routes of the release. With any, HTTP and gRPC requests have a
   * release VirtualService each. @default none
   */
  managedRoutes?(release: Release): readonly string[];
  /** What tells users apart, where each keeps one version while traffic is split. @default users change versions */
  stickyUsers?(release: Release): UserKey | undefined;
  /** Definitions of feature flags for flagd, which say who is in a cohort. @default none */
  flags?(name: string, release: Release): object | undefined;
  /**
   * Names of Services beside the model's own, whose selectors the Rollouts controller owns. They have its ports.
   * @default none
   */
  services?(name: string): readonly string[];
  /**
   * How long each step of the Rollout is planned to take, in seconds, by step: a healthy version takes no longer, 95
   * times in a hundred. Nothing ends a step that takes longer; `serin status` tells.
   * @default nothing is planned
   */
  plannedSeconds?(model: ServedModel, release: Release, context: AnalysisContext): readonly number[];
  /**
   * How the guard of a release judges, so that what it sees can be told.
   * @default nothing is told of what the guard sees
   */
  judgement?(release: Release): ReleaseJudgement;
  /** What progress of a release means. */
  readonly progress: ReleaseProgress;
  /** What a plan says of a release: one sentence on what happens when the version changes. */
  sentence(model: ServedModel, release: Release): string;
}
