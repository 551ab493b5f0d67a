"""Mood of a text between -1 and 1, by the words in it."""

import numpy as np
import triton_python_backend_utils as pb_utils

GOOD = {"good", "great", "happy", "love", "fast"}
BAD = {"bad", "awful", "sad", "hate", "slow"}


def mood(text):
    words = text.lower().split()
    score = sum(word in GOOD for word in words) - sum(word in BAD for word in words)
    return score / max(1, len(words))


class TritonPythonModel:
    def execute(self, requests):
        return [self.answer(request) for request in requests]

    def answer(self, request):
        texts = pb_utils.get_input_tensor_by_name(request, "text").as_numpy().reshape(-1)
        moods = np.array([[mood(text.decode())] for text in texts], dtype=np.float32)
        return pb_utils.InferenceResponse([pb_utils.Tensor("mood", moods)])
