"""Wraps a Python model of Triton and injects the faults of a rehearsal.

This file replaces model.py in a pod's private copy of the model repository. faults.json contains the faults and the
file name of the model itself. Faults begin after the requests of model_warmup, so that the model can load.
"""

import collections
import heapq
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
HANG_SHARE = FAULTS.get("hangShare", 0)
BURST_SHARE = FAULTS.get("burstShare", 0)
REFUSED_SHARE = FAULTS.get("refusedShare", 0)
SKEWED_SHARE = FAULTS.get("skewedShare", 0)
COLD = FAULTS.get("coldMs", 0) / 1000
# Seconds after the first request at which a setting begins to hold.
FROM = FAULTS.get("from", {})

# Longer than callers and the gateway wait.
HANG = 60
# What a cold version needs more for an answer, in seconds.
COLD_LATENCY = 1
# What a skewed score is higher by.
SKEW = 0.5
# Requests in a row of a batch that fails.
BATCH = 20


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
        self.first = None
        self.elapsed = 0
        self.errors = Share(SHARE)
        self.hanging = Share(HANG_SHARE)
        self.skewed = Share(SKEWED_SHARE)
        self.batches = Share(BURST_SHARE, BATCH)
        self.refusals = Share(REFUSED_SHARE, BATCH)
        self.late = DelayedAnswers() if LATENCY or HANG_SHARE or COLD else None
        if SHIFT or SKEWED_SHARE:
            shift_score_metrics()
        self.model = faulty()
        if hasattr(self.model, "initialize"):
            self.model.initialize(args)

    def execute(self, requests):
        if self.warmup > 0:
            self.warmup -= len(requests)
            return self.model.execute(requests)
        now = time.monotonic()
        self.first = self.first or now
        self.elapsed = now - self.first
        failures = [self.failure() for _ in requests]
        skews = [failure is None and self.holds("skewedShare") and self.skewed.takes() for failure in failures]
        delays = [self.delay() for _ in requests]
        senders = [request.get_response_sender() for request in requests] if self.late else []
        responses = [None if failure is None else injected_error(*failure) for failure in failures]
        for skewed in (False, True):
            chosen = [n for n, failure in enumerate(failures) if failure is None and skews[n] == skewed]
            shift = (SHIFT if self.holds("shift") else 0) + (SKEW if skewed else 0)
            answers = self.model.execute([requests[n] for n in chosen]) if chosen else []
            for family in shifted_families:
                family.flush(shift)
            for n, answer in zip(chosen, answers):
                responses[n] = shifted(answer, shift)
        if not self.late:
            return responses
        for sender, response, delay in zip(senders, responses, delays):
            self.late.send(sender, response, delay)
        return None

    def finalize(self):
        if hasattr(self.model, "finalize"):
            self.model.finalize()

    def failure(self):
        """Counts one request. Returns the error that it gets, or None."""
        self.served += self.holds("afterRequests")
        if CRASH_AFTER and self.served > CRASH_AFTER:
            os.kill(os.getppid(), signal.SIGKILL)
            time.sleep(60)
        if self.holds("refusedShare") and self.refusals.takes():
            return ("refused by the rehearsal's fault", pb_utils.TritonError.INVALID_ARG)
        if (self.holds("share") and self.errors.takes()) or (self.holds("burstShare") and self.batches.takes()):
            return ("injected by the rehearsal's fault",)
        return None

    def delay(self):
        """Seconds by which the next answer is late."""
        late = LATENCY if self.holds("addedMs") else 0
        begun = self.elapsed - FROM.get("coldMs", 0)
        cold = COLD_LATENCY if 0 <= begun < COLD else 0
        hangs = self.holds("hangShare") and self.hanging.takes()
        return late + cold + (HANG if hangs else 0)

    def holds(self, setting):
        return self.elapsed >= FROM.get(setting, 0)


class Share:
    """Takes a share of the requests, evenly spaced, so many in a row each time."""

    def __init__(self, share, run=1):
        self.share = share
        self.run = run
        # The first run comes in the middle of its interval, so that a release does not have to wait for it.
        self.owed = run / 2 if run > 1 and share else 0.0
        self.left = 0

    def takes(self):
        self.owed += self.share
        if self.left == 0 and self.owed >= self.run - 1e-9:
            self.owed -= self.run
            self.left = self.run
        if self.left == 0:
            return False
        self.left -= 1
        return True


class DelayedAnswers:
    """Sends each answer after its delay from a separate thread, so that the model takes the next requests meanwhile."""

    def __init__(self):
        self.waiting = []
        self.sent = 0
        self.changed = threading.Condition()
        threading.Thread(target=self.deliver, daemon=True).start()

    def send(self, sender, response, delay):
        with self.changed:
            self.sent += 1
            heapq.heappush(self.waiting, (time.monotonic() + delay, self.sent, sender, response))
            self.changed.notify()

    def deliver(self):
        while True:
            with self.changed:
                while not self.waiting or self.waiting[0][0] > time.monotonic():
                    due = self.waiting[0][0] - time.monotonic() if self.waiting else None
                    self.changed.wait(due)
                _, _, sender, response = heapq.heappop(self.waiting)
            sender.send(response, flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)


def injected_error(message, *code):
    return pb_utils.InferenceResponse(error=pb_utils.TritonError(message, *code))


def shifted(response, shift):
    if not shift or response.has_error():
        return response
    return pb_utils.InferenceResponse([shifted_tensor(tensor, shift) for tensor in response.output_tensors()])


def shifted_tensor(tensor, shift):
    values = tensor.as_numpy()
    if not np.issubdtype(values.dtype, np.floating):
        return tensor
    return pb_utils.Tensor(tensor.name(), (values + shift).astype(values.dtype))


class ShiftedScores:
    """Collects the increments of a model's score metrics and passes them on as if every score had been shifted."""

    def __init__(self):
        self.metrics = {}
        self.pending = collections.Counter()

    def metric(self, part, metric):
        self.metrics[part] = metric
        return ShiftedMetric(self, part)

    def flush(self, shift):
        if not self.pending:
            return
        count, total = self.pending["count"], self.pending["sum"] - self.pending["negative_sum"]
        added = {
            "count": count,
            # Their difference is what is judged, so the sign of each score need not be known.
            "sum": total + shift * count,
            "negative_sum": -(total + shift * count),
            "sumsq": self.pending["sumsq"] + 2 * shift * total + shift * shift * count,
            **self.shifted_buckets(shift),
        }
        for part, value in added.items():
            # A counter cannot decrease, so a negative increment is dropped.
            if part in self.metrics and value > 0:
                self.metrics[part].increment(value)
        self.pending.clear()

    def shifted_buckets(self, shift):
        """The cumulative counts after the shift. Assumes that scores are evenly spread between two bucket edges."""
        edges = sorted(part for part in self.metrics if isinstance(part, float) and np.isfinite(part))
        if not edges:
            return {}
        lowest = 0.0 if edges[0] > 0 else edges[0] - 1
        known = [lowest, *edges]
        counts = [0.0, *(self.pending[edge] for edge in edges)]
        moved = np.interp([edge - shift for edge in edges], known, counts, right=self.pending[float("inf")])
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
