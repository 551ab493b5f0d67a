"""Stands in for a model that needs a GPU: answers of the declared names, types and shapes, made up from the inputs.

This file is model.py in a pod's private copy of the model repository, where the model's backend is not there. The same
inputs have the same answers, so that releases, routes and metrics can be tried. The numbers mean nothing: floats are
between 0 and 1, everything else is 0 or empty.
"""

import json
import zlib

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        config = json.loads(args["model_config"])
        if config.get("model_transaction_policy", {}).get("decoupled"):
            raise pb_utils.TritonModelException("a decoupled model cannot have a stand-in")
        self.batches = config["max_batch_size"] > 0
        self.inputs = [tensor["name"] for tensor in config["input"]]
        self.outputs = config["output"]
        pb_utils.Logger.log_warn("The answers are made up: this is a stand-in, and the model's file is not read.")

    def execute(self, requests):
        return [self.answer(request) for request in requests]

    def answer(self, request):
        given = [pb_utils.get_input_tensor_by_name(request, name) for name in self.inputs]
        values = [tensor.as_numpy() for tensor in given if tensor is not None]
        seed = 0
        for value in values:
            seed = zlib.crc32(value.tobytes() if value.dtype != object else repr(value.tolist()).encode(), seed)
        batch = [values[0].shape[0]] if self.batches and values else []
        wanted = set(request.requested_output_names())
        chance = np.random.default_rng(seed)
        made = [made_up(output, batch, chance) for output in self.outputs]
        return pb_utils.InferenceResponse([tensor for tensor in made if tensor.name() in wanted])


def made_up(output, batch, chance):
    dims = output.get("reshape", {}).get("shape", output["dims"])
    shape = [*batch, *(1 if int(size) == -1 else int(size) for size in dims)]
    kind = output["data_type"]
    if kind == "TYPE_STRING":
        return pb_utils.Tensor(output["name"], np.full(shape, b"", dtype=object))
    dtype = pb_utils.triton_string_to_numpy(kind)
    values = chance.random(shape) if np.issubdtype(dtype, np.floating) else np.zeros(shape)
    return pb_utils.Tensor(output["name"], values.astype(dtype))
