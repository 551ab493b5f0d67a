"""Exports a model's prediction scores as Triton custom metrics, for the canary's verdict on their mean.

Copy this file beside model.py, then:

    from prediction_score import PredictionScore

    def initialize(self, args):
        self.prediction_score = PredictionScore(args)        # scores in 0..1; else edges=[...]

    def execute(self, requests):
        ...
        self.prediction_score.observe(scores)                 # once per batch: about 30 microseconds per metric touched

Metrics, all counters, with labels model and version:
    model_prediction_score_count         scores
    model_prediction_score_sum           the sum of those above 0
    model_prediction_score_negative_sum  the sum of those below 0, without its sign: no counter may fall
    model_prediction_score_sumsq         the sum of the squares of all
    model_prediction_score_bucket        scores up to le, as in a Prometheus histogram
The mean is (sum - negative_sum) / count. Answers to model_warmup are not counted.

observe() never raises: what it cannot count is left out, with a line in Triton's log the first time.
"""

import json

import numpy as np
import triton_python_backend_utils as pb_utils

UNIT_EDGES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)
GREATEST = 1e100


class PredictionScore:
    def __init__(self, args, edges=UNIT_EDGES):
        self.edges = np.array(sorted(edges), dtype=np.float64)
        self.told = False
        self.warmup = warmup_predictions(json.loads(args["model_config"]))

        labels = {"model": args["model_name"], "version": args["model_version"]}
        # Kept, because a family that Python collects as garbage takes its metrics away from the server.
        self.families = [family(suffix) for suffix in ("count", "sum", "negative_sum", "sumsq", "bucket")]
        names = [f"{edge:g}" for edge in self.edges] + ["+Inf"]
        *totals, buckets = self.families
        self.counters = [total.Metric(labels=labels) for total in totals]
        self.counters += [buckets.Metric(labels={**labels, "le": name}) for name in names]

    def observe(self, scores):
        try:
            self.add(scores)
        except Exception as problem:
            if not self.told:
                pb_utils.Logger.log_error(f"prediction scores are not counted: {problem!r}")
            self.told = True

    def add(self, scores):
        scores = np.asarray(scores, dtype=np.float64).ravel()
        scores, self.warmup = scores[self.warmup :], max(0, self.warmup - scores.size)
        # One score that is not a number, or whose square is none, would spoil the sums for the life of the server.
        scores = np.sort(scores[np.abs(scores) < GREATEST])
        if scores.size == 0:
            return
        above, below = scores[scores > 0].sum(), -scores[scores < 0].sum()
        up_to = np.searchsorted(scores, self.edges, side="right")
        added = [scores.size, above, below, np.square(scores).sum(), *up_to, scores.size]
        for counter, value in zip(self.counters, added):
            # Triton ends when a counter is told to fall.
            if value > 0:
                counter.increment(float(value))


def family(suffix):
    return pb_utils.MetricFamily(
        name=f"model_prediction_score_{suffix}",
        description=f"Prediction scores of the model: {suffix}",
        kind=pb_utils.MetricFamily.COUNTER,
    )


def warmup_predictions(config):
    return sum(w.get("batch_size", 0) * max(1, w.get("count", 0)) for w in config.get("model_warmup", []))
