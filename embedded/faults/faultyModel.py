"""Wraps a Python model of Triton and injects the faults of a rehearsal.

This file replaces model.py in a pod's private copy of the model repository. faults.json contains the faults and the
file name of the model itself. Faults begin after the requests of model_warmup, so that the model can load.
"""

import collections
import importlib.util
import json
import os
import signal
import sys
import threading
import time

import numpy as np
import triton_python_backend_utils as pb_utils

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "faults.json"), encoding="utf-8") as file:
    FAULTS = json.load(file)
LATENCY = FAULTS.get("addedMs", 0) / 1000
SHIFT = FAULTS.get("shift", 0)
SHARE = FAULTS.get("share", 0)
CRASH_AFTER = FAULTS.get("afterRequests", 0)


class TritonPythonModel:
    @staticmethod
    def auto_complete_config(config):
        complete = getattr(faulty, "auto_complete_config", None)
        return config if complete is None else complete(config)

    def initialize(self, args):
        config = json.loads(args["model_config"])
        if config.get("model_transaction_policy", {}).get("decoupled"):
            raise pb_utils.TritonModelException("faults cannot be injected into a decoupled model")
        warmups = config.get("model_warmup", [])
        self.warmup = sum(w.get("batch_size", 0) * max(1, w.get("count", 0)) for w in warmups)
        self.served = 0
        self.owed = 0.0
        self.late = DelayedAnswers(LATENCY) if LATENCY else None
        if SHIFT:
            shift_score_metrics()
        self.model = faulty()
        if hasattr(self.model, "initialize"):
            self.model.initialize(args)

    def execute(self, requests):
        if self.warmup > 0:
            self.warmup -= len(requests)
            return self.model.execute(requests)
        failing = [self.fails() for _ in requests]
        senders = [request.get_response_sender() for request in requests] if self.late else []
        healthy = [request for request, fails in zip(requests, failing) if not fails]
        answers = iter(self.model.execute(healthy) if healthy else [])
        for family in shifted_families:
            family.flush()
        responses = [injected_error() if fails else shifted(next(answers)) for fails in failing]
        if not self.late:
            return responses
        self.late.send(senders, responses)
        return None

    def finalize(self):
        if hasattr(self.model, "finalize"):
            self.model.finalize()

    def fails(self):
        """Counts one request. Returns True for the share of requests that must fail, evenly spaced."""
        self.served += 1
        if CRASH_AFTER and self.served > CRASH_AFTER:
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)
        self.owed += SHARE
        if self.owed < 1 - 1e-9:
            return False
        self.owed -= 1
        return True


class DelayedAnswers:
    """Sends answers after a fixed delay from a separate thread, so that the model takes the next requests meanwhile."""

    def __init__(self, delay):
        self.delay = delay
        self.waiting = collections.deque()
        self.arrived = threading.Semaphore(0)
        threading.Thread(target=self.deliver, daemon=True).start()

    def send(self, senders, responses):
        due = time.monotonic() + self.delay
        for sender, response in zip(senders, responses):
            self.waiting.append((due, sender, response))
            self.arrived.release()

    def deliver(self):
        while True:
            self.arrived.acquire()
            due, sender, response = self.waiting.popleft()
            time.sleep(max(0, due - time.monotonic()))
            sender.send(response, flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)


def injected_error():
    return pb_utils.InferenceResponse(error=pb_utils.TritonError("injected by the rehearsal's fault"))


def shifted(response):
    if not SHIFT or response.has_error():
        return response
    return pb_utils.InferenceResponse([shifted_tensor(tensor) for tensor in response.output_tensors()])


def shifted_tensor(tensor):
    values = tensor.as_numpy()
    if not np.issubdtype(values.dtype, np.floating):
        return tensor
    return pb_utils.Tensor(tensor.name(), (values + SHIFT).astype(values.dtype))


class ShiftedScores:
    """Collects the increments of a model's score metrics and passes them on as if every score had been shifted."""

    def __init__(self):
        self.metrics = {}
        self.pending = collections.Counter()

    def metric(self, part, metric):
        self.metrics[part] = metric
        return ShiftedMetric(self, part)

    def flush(self):
        if not self.pending:
            return
        count, total = self.pending["count"], self.pending["sum"] - self.pending["negative_sum"]
        added = {
            "count": count,
            # Their difference is what is judged, so the sign of each score need not be known.
            "sum": total + SHIFT * count,
            "negative_sum": -(total + SHIFT * count),
            "sumsq": self.pending["sumsq"] + 2 * SHIFT * total + SHIFT * SHIFT * count,
            **self.shifted_buckets(),
        }
        for part, value in added.items():
            # A counter cannot decrease, so a negative increment is dropped.
            if part in self.metrics and value > 0:
                self.metrics[part].increment(value)
        self.pending.clear()

    def shifted_buckets(self):
        """The cumulative counts after the shift. Assumes that scores are evenly spread between two bucket edges."""
        edges = sorted(part for part in self.metrics if isinstance(part, float) and np.isfinite(part))
        if not edges:
            return {}
        lowest = 0.0 if edges[0] > 0 else edges[0] - 1
        known = [lowest, *edges]
        counts = [0.0, *(self.pending[edge] for edge in edges)]
        moved = np.interp([edge - SHIFT for edge in edges], known, counts, right=self.pending[float("inf")])
        return {**dict(zip(edges, map(float, moved))), float("inf"): self.pending[float("inf")]}


class ShiftedMetric:
    def __init__(self, scores, part):
        self.scores = scores
        self.part = part

    def increment(self, value):
        self.scores.pending[self.part] += value


class ShiftedFamily:
    """A metric family of the model. All families share one ShiftedScores for each model and version."""

    by_labels = {}

    def __init__(self, family, part):
        self.family = family
        self.part = part

    def Metric(self, labels=None, **more):
        labels = dict(labels or {})
        metric = self.family.Metric(labels=labels, **more)
        edge = labels.pop("le", None)
        key = tuple(sorted(labels.items()))
        if key not in self.by_labels:
            self.by_labels[key] = ShiftedScores()
            shifted_families.append(self.by_labels[key])
        return self.by_labels[key].metric(float(edge) if self.part == "bucket" else self.part, metric)


shifted_families = []
SCORE = "model_prediction_score_"


def shift_score_metrics():
    real = pb_utils.MetricFamily

    class MetricFamily:
        COUNTER = real.COUNTER
        GAUGE = real.GAUGE

        def __new__(cls, *args, **kwargs):
            family = real(*args, **kwargs)
            name = kwargs["name"] if "name" in kwargs else args[0]
            return ShiftedFamily(family, name.removeprefix(SCORE)) if name.startswith(SCORE) else family

    pb_utils.MetricFamily = MetricFamily


def load(path):
    spec = importlib.util.spec_from_file_location("faulty_model", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["faulty_model"] = module
    spec.loader.exec_module(module)
    return module.TritonPythonModel


faulty = load(os.path.join(HERE, FAULTS["model"]))
