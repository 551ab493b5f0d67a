import { requireAnalysisBeforeHalf } from "../../../policies/rollout/requireAnalysisBeforeHalf.ts";
import { specifyResourcePolicy, unknown } from "../harness.ts";

const analysis = { templates: [{ templateName: "fraud-stage-1" }] };
const canary = "spec.strategy.canary";
const steps = `${canary}.steps`;

specifyResourcePolicy(requireAnalysisBeforeHalf, {
  type: "kubernetes:argoproj.io/v1alpha1:Rollout",
  compliant: {
    spec: {
      replicas: 2,
      strategy: {
        canary: {
          steps: [{ setWeight: 5 }, { pause: { duration: 60 } }, { analysis }, { setWeight: 50 }, { setWeight: 100 }],
        },
      },
    },
  },
  rejects: [
    { when: "a canary without steps", change: { [steps]: [] }, message: /steps: there are none.*straight to 100 %/ },
    { when: "a canary that names no steps", change: { [steps]: undefined }, message: "there are none" },
    {
      when: "a Rollout without a strategy",
      change: { "spec.strategy": {} },
      message: /^spec\.strategy: there is none/,
    },
    {
      when: "50 % before the analysis",
      change: { [`${steps}[1]`]: { setWeight: 50 } },
      message: /^spec\.strategy\.canary\.steps\[1\]: the canary gets 50 of 100 before any analysis/,
    },
    {
      when: "a first weight of 60 %",
      change: { [`${steps}[0].setWeight`]: 60 },
      message: "steps[0]: the canary gets 60",
    },
    {
      when: "half of maxTrafficWeight before the analysis",
      change: { [`${canary}.trafficRouting`]: { maxTrafficWeight: 10 } },
      message: "gets 5 of 10",
    },
    {
      when: "small steps that end without an analysis",
      change: { [steps]: [{ setWeight: 5 }, { pause: {} }, { setWeight: 20 }, { pause: {} }] },
      message: "no analysis has judged the canary by then",
    },
    {
      when: "an analysis without templates",
      change: { [`${steps}[2].analysis`]: { templates: [] } },
      message: "steps[3]",
    },
    {
      when: "an analysis that only dry-runs",
      change: { [`${steps}[2].analysis.dryRun`]: [{ metricName: "*" }] },
      message: "steps[3]: the canary gets 50",
    },
    {
      when: "an analysis before any canary pod exists",
      change: { [steps]: [{ analysis }, { setWeight: 50 }] },
      message: "steps[1]: the canary gets 50",
    },
    {
      when: "a background analysis that starts after 50 %",
      change: { [`${steps}[2]`]: { pause: {} }, [`${canary}.analysis`]: { ...analysis, startingStep: 4 } },
      message: "steps[3]: the canary gets 50",
    },
    {
      when: "a background analysis without a pause to run in",
      change: { [steps]: [{ setWeight: 5 }, { setWeight: 50 }], [`${canary}.analysis`]: analysis },
      message: "steps[1]: the canary gets 50",
    },
    {
      when: "an experiment whose analysis need not complete",
      change: { [`${steps}[2]`]: { experiment: { duration: "1m", analyses: [{ templateName: "a" }] } } },
      message: "steps[3]",
    },
    {
      when: "an experiment that gets half of the traffic",
      change: { [`${steps}[1]`]: { experiment: { templates: [{ weight: 30 }, { weight: 20 }] } } },
      message: "steps[1]: the canary gets 50",
    },
    {
      when: "blue-green without prePromotionAnalysis",
      change: { "spec.strategy": { blueGreen: { activeService: "fraud", postPromotionAnalysis: analysis } } },
      message: /blueGreen: .*Add prePromotionAnalysis/,
    },
    {
      when: "a RolloutPatch that writes steps without an analysis",
      type: "kubernetes:argoproj.io/v1alpha1:RolloutPatch",
      change: { [steps]: [{ setWeight: 50 }] },
      message: "steps[0]",
    },
  ],
  accepts: [
    {
      when: "a background analysis with a pause before 50 %",
      change: { [`${steps}[2]`]: { pause: {} }, [`${canary}.analysis`]: { ...analysis, startingStep: 1 } },
    },
    {
      when: "an experiment that must complete its analysis",
      change: { [`${steps}[2]`]: { experiment: { analyses: [{ templateName: "a", requiredForCompletion: true }] } } },
    },
    {
      when: "a dark launch judged before the first weight",
      change: { [steps]: [{ setCanaryScale: { replicas: 1 } }, { analysis }, { setWeight: 100 }] },
    },
    {
      when: "blue-green with prePromotionAnalysis",
      change: { "spec.strategy": { blueGreen: { activeService: "fraud", prePromotionAnalysis: analysis } } },
    },
    {
      when: "a RolloutPatch that leaves the steps alone",
      type: "kubernetes:argoproj.io/v1alpha1:RolloutPatch",
      change: { [canary]: { maxSurge: 1 } },
    },
    { when: "an unknown weight after the analysis", change: { [`${steps}[3].setWeight`]: unknown } },
  ],
  unknowns: [
    { change: { [`${steps}[0].setWeight`]: unknown }, path: "spec.strategy.canary.steps.0.setWeight" },
    { change: { [steps]: unknown }, path: "spec.strategy.canary.steps" },
    { change: { [`${steps}[2].analysis.templates`]: unknown }, path: "steps.2.analysis.templates" },
  ],
});
