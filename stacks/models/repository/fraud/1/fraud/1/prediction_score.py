"""Exports a model's prediction scores as Triton custom metrics, for the canary's verdict on their mean.

Copy this file beside model.py, then:

    from prediction_score import PredictionScore

    def initialize(self, args):
        self.prediction_score = PredictionScore(args)        # scores in 0..1; else edges=[...]

    def execute(self, requests):
        ...
        self.prediction_score.observe(scores)                 # once per batch: about 30 microseconds per metric touched

Metrics, with labels model and version: model_prediction_score_count, _sum, _sumsq (counters; mean and variance follow
from them) and _bucket (cumulative, by le, as in a Prometheus histogram). Answers to model_warmup are not counted.
"""

import json

import numpy as np
import triton_python_backend_utils as pb_utils

UNIT_EDGES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.0)


class PredictionScore:
    def __init__(self, args, edges=UNIT_EDGES):
        self.edges = np.array(sorted(edges), dtype=np.float64)
        self.warmup = warmup_predictions(json.loads(args["model_config"]))

        labels = {"model": args["model_name"], "version": args["model_version"]}
        # Kept, because a family that Python collects as garbage takes its metrics away from the server.
        self.families = [family(suffix) for suffix in ("count", "sum", "sumsq", "bucket")]
        self.count, self.sum, self.sumsq = (f.Metric(labels=labels) for f in self.families[:3])
        names = [f"{edge:g}" for edge in self.edges] + ["+Inf"]
        self.buckets = [self.families[3].Metric(labels={**labels, "le": name}) for name in names]

    def observe(self, scores):
        scores = np.asarray(scores, dtype=np.float64).ravel()
        scores, self.warmup = scores[self.warmup :], max(0, self.warmup - scores.size)
        # One score that is not a number would spoil the sums for the life of the server.
        scores = np.sort(scores[np.isfinite(scores)])
        if scores.size == 0:
            return
        self.count.increment(scores.size)
        self.sum.increment(float(scores.sum()))
        self.sumsq.increment(float(np.square(scores).sum()))
        up_to = [*np.searchsorted(scores, self.edges, side="right"), scores.size]
        for bucket, n in zip(self.buckets, up_to):
            if n > 0:
                bucket.increment(int(n))


def family(suffix):
    return pb_utils.MetricFamily(
        name=f"model_prediction_score_{suffix}",
        description=f"Prediction scores of the model: {suffix}",
        kind=pb_utils.MetricFamily.COUNTER,
    )


def warmup_predictions(config):
    return sum(w.get("batch_size", 0) * max(1, w.get("count", 0)) for w in config.get("model_warmup", []))
