"""Fraud score of a payment, between 0 (certainly honest) and 1 (certainly fraud)."""

import numpy as np
import triton_python_backend_utils as pb_utils

from prediction_score import PredictionScore

WEIGHTS = np.array([0.55, -0.45, 0.35, 0.30, -0.25, 0.20, -0.35, 0.25], dtype=np.float32)
BIAS = np.float32(-2.34)


class TritonPythonModel:
    def initialize(self, args):
        self.prediction_score = PredictionScore(args)

    def execute(self, requests):
        answers = [self.answer(request) for request in requests]
        self.prediction_score.observe([score for _, scores in answers for score in scores])
        return [response for response, _ in answers]

    def answer(self, request):
        x = pb_utils.get_input_tensor_by_name(request, "x").as_numpy()
        features = x.shape[1]
        if features > WEIGHTS.size:
            problem = f"input x has {features} features and the model knows {WEIGHTS.size}: send 1 to {WEIGHTS.size}"
            error = pb_utils.TritonError(problem, pb_utils.TritonError.INVALID_ARG)
            return pb_utils.InferenceResponse(error=error), []
        scores = 1 / (1 + np.exp(-(x @ WEIGHTS[:features] + BIAS)))
        tensor = pb_utils.Tensor("score", scores.astype(np.float32).reshape(-1, 1))
        return pb_utils.InferenceResponse([tensor]), scores
