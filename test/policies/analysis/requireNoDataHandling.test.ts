import { requireNoDataHandling } from "../../../policies/analysis/requireNoDataHandling.ts";
import { specifyResourcePolicy, unknown } from "../harness.ts";

const metric = "spec.metrics[0]";
const query = `${metric}.provider.prometheus.query`;
const ratio = 'sum(rate(istio_requests_total{response_code=~"5.."}[1m])) / sum(rate(istio_requests_total[1m]))';
const onlyFailure = {
  [`${metric}.successCondition`]: undefined,
  [`${metric}.failureCondition`]: "len(result) > 0 && result[0] > 0.01",
  [`${metric}.inconclusiveLimit`]: undefined,
};

specifyResourcePolicy(requireNoDataHandling, {
  type: "kubernetes:argoproj.io/v1alpha1:AnalysisTemplate",
  compliant: {
    spec: {
      args: [{ name: "canary-hash" }, { name: "measurements", value: "20" }],
      metrics: [
        {
          name: "errors",
          interval: "30s",
          count: 20,
          failureLimit: 0,
          consecutiveSuccessLimit: 1,
          inconclusiveLimit: 20,
          successCondition: "len(result) > 0 && result[0] == 1",
          failureCondition: "len(result) > 0 && result[0] == 2",
          provider: { prometheus: { query: "2 * (x >= bool 3)" } },
        },
        { name: "smoke", provider: { job: { spec: {} } } },
      ],
    },
  },
  rejects: [
    {
      when: "a success condition that does not ask for data",
      change: { [`${metric}.successCondition`]: "result[0] == 1" },
      message:
        /^spec\.metrics\[0\]\.successCondition: "result\[0\] == 1" is an error.*Start it with "len\(result\) > 0 && "/,
    },
    {
      when: "a failure condition that does not ask for data",
      change: { [`${metric}.failureCondition`]: "any(result, # == 2)" },
      message: "failureCondition",
    },
    {
      when: "a metric without a condition",
      change: {
        [`${metric}.successCondition`]: undefined,
        [`${metric}.failureCondition`]: undefined,
      },
      message: 'metric "errors" has no condition',
    },
    {
      when: "no data as success",
      change: { [`${metric}.successCondition`]: "len(result) == 0 || result[0] == 1" },
      message: "verdict on nothing",
    },
    {
      when: "NaN as success",
      change: { [`${metric}.successCondition`]: "len(result) > 0 && (isNaN(result[0]) || result[0] < 0.01)" },
      message: "calls a ratio without observations a success",
    },
    {
      when: "a ratio with a failure condition alone",
      change: { ...onlyFailure, [query]: ratio },
      message: /failureCondition: it is the only condition and the query can be NaN/,
    },
    {
      when: "a quantile with a failure condition alone",
      change: { ...onlyFailure, [query]: "histogram_quantile(0.99, sum by (le) (rate(x_bucket[1m])))" },
      message: "can be NaN",
    },
    {
      when: "inconclusive measurements that add up to a success",
      change: { [`${metric}.consecutiveSuccessLimit`]: undefined },
      message: /inconclusiveLimit: 20 allows every one of 20 measurements.*consecutiveSuccessLimit: 1/,
    },
    {
      when: "the same through an argument",
      change: { [`${metric}.consecutiveSuccessLimit`]: 0, [`${metric}.count`]: "{{args.measurements}}" },
      message: "allows every one of {{args.measurements}} measurements",
    },
    {
      when: "a count that only the caller knows",
      change: { [`${metric}.consecutiveSuccessLimit`]: undefined, [`${metric}.count`]: "{{ args.canary-hash }}" },
      message: "inconclusiveLimit",
    },
    {
      when: "the same in a ClusterAnalysisTemplate",
      type: "kubernetes:argoproj.io/v1alpha1:ClusterAnalysisTemplate",
      change: { [`${metric}.successCondition`]: "result[0] == 1" },
      message: "successCondition",
    },
  ],
  accepts: [
    { when: "a success condition alone", change: { [`${metric}.failureCondition`]: undefined } },
    { when: "a failure condition alone on a count", change: onlyFailure },
    {
      when: "a failure condition alone on a comparison of a ratio",
      change: { ...onlyFailure, [query]: `${ratio} > bool 0.01` },
    },
    { when: "a failure condition alone on a ratio above a floor", change: { ...onlyFailure, [query]: "a / (b > 0)" } },
    {
      when: "NaN as failure",
      change: {
        ...onlyFailure,
        [`${metric}.failureCondition`]: "len(result) > 0 && (isNaN(result[0]) || result[0] > 0.01)",
        [query]: ratio,
      },
    },
    {
      when: "an inconclusive limit below the count",
      change: { [`${metric}.consecutiveSuccessLimit`]: undefined, [`${metric}.inconclusiveLimit`]: 5 },
    },
    {
      when: "a metric that is measured for ever",
      change: { [`${metric}.consecutiveSuccessLimit`]: 0, [`${metric}.count`]: undefined },
    },
  ],
  unknowns: [
    { change: { [`${metric}.successCondition`]: unknown }, path: "spec.metrics.0.successCondition" },
    { change: { ...onlyFailure, [query]: unknown }, path: "spec.metrics.0.provider.prometheus.query" },
    { change: { [`${metric}.consecutiveSuccessLimit`]: unknown }, path: "spec.metrics.0.consecutiveSuccessLimit" },
  ],
});
