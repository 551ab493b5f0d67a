import type { ResourceValidationPolicy } from "@pulumi/policy";
import { items, kindsOf, type Partially, type Report, resourceRule } from "../rule.ts";

interface Analysis {
  readonly templates: readonly { readonly templateName: string }[];
  readonly dryRun: readonly { readonly metricName: string }[];
  readonly startingStep: number;
}

interface Step {
  readonly setWeight: number;
  readonly setCanaryScale: { readonly weight: number; readonly replicas: number };
  readonly pause: object;
  readonly analysis: Analysis;
  readonly experiment: {
    readonly templates: readonly { readonly weight: number }[];
    readonly analyses: readonly { readonly templateName: string; readonly requiredForCompletion: boolean }[];
  };
}

interface Canary {
  readonly steps: readonly Step[];
  readonly analysis: Analysis;
  readonly trafficRouting: { readonly maxTrafficWeight: number };
}

interface Rollout {
  readonly spec: {
    readonly strategy: {
      readonly canary: Canary;
      readonly blueGreen: { readonly prePromotionAnalysis: Analysis };
    };
  };
}

const strategyPath = "spec.strategy";

/**
 * What judges a canary is an `analysis` step, an `experiment` step with an analysis it must complete, or a background
 * `analysis` that has started and is given time by a `pause`. It counts from the moment canary pods exist: before that
 * there is nothing to judge. A dry run of all metrics judges nothing.
 */
export const requireAnalysisBeforeHalf: ResourceValidationPolicy = {
  name: "rollout-require-analysis-before-half",
  displayName: "A canary is judged before it carries half of the traffic",
  description:
    "An analysis runs before a new version carries 50 % of the traffic, so that a bad one reaches few people.",
  severity: "critical",
  remediationSteps:
    "Put an `analysis` step after the first small `setWeight`, or a background `analysis` that starts before a `pause`. " +
    "A blue-green Rollout needs `prePromotionAnalysis`.",
  url: "https://argo-rollouts.readthedocs.io/en/stable/features/analysis/",
  validateResource: resourceRule<Rollout>(kindsOf("argoproj.io", ["Rollout"]), ({ spec }, report, { isPatch }) => {
    const { canary, blueGreen } = spec?.strategy ?? {};
    if (blueGreen !== undefined) {
      if (isPatch && !("prePromotionAnalysis" in blueGreen)) return;
      if (!judges(blueGreen.prePromotionAnalysis)) {
        const reason = "blue-green sends all traffic to the new version at once, and no analysis comes before.";
        report({ path: `${strategyPath}.blueGreen`, reason, fix: "Add prePromotionAnalysis." });
      }
    } else if (canary !== undefined) {
      if (isPatch && !("steps" in canary)) return;
      checkCanary(canary, report);
    } else if (!isPatch) {
      report({ path: strategyPath, reason: "there is none, so no analysis ever runs.", fix: "Add canary with steps." });
    }
  }),
};

function checkCanary(canary: Partially<Canary>, report: Report): void {
  const steps = items(canary.steps);
  if (steps.length === 0) {
    const reason = "there are none, so a new version goes straight to 100 %.";
    report({ path: `${strategyPath}.canary.steps`, reason, fix: "Add setWeight and analysis steps." });
    return;
  }

  const half = (canary.trafficRouting?.maxTrafficWeight ?? 100) / 2;
  let hasPods = false;
  for (let index = 0; index < steps.length; index++) {
    const step: Partially<Step> = steps[index] ?? {};
    const path = `${strategyPath}.canary.steps[${index}]`;
    const weight = weightOf(step);
    if (weight >= half) {
      const reason = `the canary gets ${weight} of ${half * 2} before any analysis has judged it.`;
      report({ path, reason, fix: "Put an analysis step before this one." });
      return;
    }
    hasPods ||= weight > 0 || (step.setCanaryScale?.weight ?? 0) > 0 || (step.setCanaryScale?.replicas ?? 0) > 0;
    if (isJudgingExperiment(step) || (hasPods && judges(step.analysis))) return;
    if (hasPods && step.pause !== undefined && isJudgedInBackground(canary, index)) return;
  }

  const reason = "the last step is followed by 100 %, and no analysis has judged the canary by then.";
  report({ path: `${strategyPath}.canary.steps`, reason, fix: "Add an analysis step after the first setWeight." });
}

/** The share of live traffic a step gives to new pods: the canary's weight, or all pods of an experiment. */
function weightOf({ setWeight, experiment }: Partially<Step>): number {
  return setWeight ?? items(experiment?.templates).reduce((sum, { weight }) => sum + (weight ?? 0), 0);
}

function isJudgingExperiment({ experiment }: Partially<Step>): boolean {
  return items(experiment?.analyses).some(({ requiredForCompletion }) => requiredForCompletion === true);
}

function isJudgedInBackground({ analysis }: Partially<Canary>, index: number): boolean {
  return judges(analysis) && (analysis?.startingStep ?? 0) <= index;
}

function judges(analysis: Partially<Analysis> | undefined): boolean {
  const isDryRun = items(analysis?.dryRun).some(({ metricName }) => metricName === "*" || metricName === ".*");
  return items(analysis?.templates).length > 0 && !isDryRun;
}
