"""Runs the ONNX model of a version on the CPU, in the place of Triton's onnxruntime backend.

This file is model.py in a pod's private copy of the model repository. It takes inputs and outputs that config.pbtxt
leaves out from the model's own file, as the backend does, and refuses what does not fit it.
"""

import json
import os
import sys

sys.path.append(os.environ["SERIN_ONNXRUNTIME"])

import numpy as np
import onnxruntime
import triton_python_backend_utils as pb_utils

TYPES = {
    "tensor(bool)": "TYPE_BOOL",
    "tensor(uint8)": "TYPE_UINT8",
    "tensor(uint16)": "TYPE_UINT16",
    "tensor(uint32)": "TYPE_UINT32",
    "tensor(uint64)": "TYPE_UINT64",
    "tensor(int8)": "TYPE_INT8",
    "tensor(int16)": "TYPE_INT16",
    "tensor(int32)": "TYPE_INT32",
    "tensor(int64)": "TYPE_INT64",
    "tensor(float16)": "TYPE_FP16",
    "tensor(float)": "TYPE_FP32",
    "tensor(double)": "TYPE_FP64",
    "tensor(string)": "TYPE_STRING",
}


class TritonPythonModel:
    @staticmethod
    def auto_complete_config(config):
        known = config.as_dict()
        if known["input"] and known["output"]:
            return config
        session = open_session(known)
        inputs, outputs = session.get_inputs(), session.get_outputs()
        tensors = [*inputs, *outputs]
        batched = all(tensor.shape and not isinstance(tensor.shape[0], int) for tensor in tensors)
        if known["max_batch_size"] == 0 and batched:
            config.set_max_batch_size(4)
            config.set_dynamic_batching()
        first = 1 if config.as_dict()["max_batch_size"] > 0 else 0
        for known_tensors, found, add in (
            (known["input"], inputs, config.add_input),
            (known["output"], outputs, config.add_output),
        ):
            if not known_tensors:
                for tensor in found:
                    dims = [size if isinstance(size, int) else -1 for size in tensor.shape[first:]]
                    add({"name": tensor.name, "data_type": TYPES[tensor.type], "dims": dims or [1]})
        return config

    def initialize(self, args):
        config = json.loads(args["model_config"])
        self.batches = config["max_batch_size"] > 0
        self.session = open_session(config)
        self.types = {}
        for kind, found in (("input", self.session.get_inputs()), ("output", self.session.get_outputs())):
            check(config, kind, found)
            self.types.update({tensor.name: tensor.type for tensor in found})
        self.inputs = [tensor.name for tensor in self.session.get_inputs()]
        self.outputs = [tensor["name"] for tensor in config["output"]]
        pb_utils.Logger.log_warn(f"ONNX Runtime {onnxruntime.__version__} runs the model on the CPU, in a Python model.")

    def execute(self, requests):
        feeds = [self.feed(request) for request in requests]
        shapes = [{name: value.shape[1:] for name, value in feed.items()} for feed in feeds]
        if self.batches and len(requests) > 1 and all(shape == shapes[0] for shape in shapes):
            return self.together(requests, feeds)
        return [self.answer(request, lambda feed=feed: self.run(feed)) for request, feed in zip(requests, feeds)]

    def together(self, requests, feeds):
        ends = np.cumsum([next(iter(feed.values())).shape[0] for feed in feeds])[:-1]
        try:
            joined = self.run({name: np.concatenate([feed[name] for feed in feeds]) for name in self.inputs})
        except Exception as problem:
            return [failure(problem) for _ in requests]
        parts = zip(*(np.split(value, ends) for value in joined))
        return [self.answer(request, lambda part=part: part) for request, part in zip(requests, parts)]

    def feed(self, request):
        values = {name: pb_utils.get_input_tensor_by_name(request, name).as_numpy() for name in self.inputs}
        return {
            name: np.char.decode(value.astype(np.bytes_), "utf-8").astype(object) if value.dtype == object else value
            for name, value in values.items()
        }

    def run(self, feed):
        return self.session.run(self.outputs, feed)

    def answer(self, request, values):
        try:
            wanted = set(request.requested_output_names())
            found = zip(self.outputs, values())
            return pb_utils.InferenceResponse([tensor_of(name, value) for name, value in found if name in wanted])
        except Exception as problem:
            return failure(problem)


def failure(problem):
    return pb_utils.InferenceResponse(error=pb_utils.TritonError(f"onnx runtime error: {problem}"))


def tensor_of(name, value):
    return pb_utils.Tensor(name, np.char.encode(value.astype(str), "utf-8").astype(object) if value.dtype == object else value)


def open_session(config):
    path = os.path.join(pb_utils.get_model_dir(), config.get("default_model_filename") or "model.onnx")
    options = onnxruntime.SessionOptions()
    # Several instances and pods share the cores of one machine, and threads of ONNX Runtime wait by spinning.
    options.intra_op_num_threads = number(config, "intra_op_thread_count", 1)
    options.inter_op_num_threads = number(config, "inter_op_thread_count", 1)
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def number(config, name, otherwise):
    return int(config.get("parameters", {}).get(name, {}).get("string_value", otherwise))


def check(config, kind, found):
    """Refuses names, types and shapes of config.pbtxt that the model's file has not."""
    tensors = {tensor.name: tensor for tensor in found}
    for declared in config[kind]:
        name = declared["name"]
        if name not in tensors:
            known = ", ".join(tensors)
            raise pb_utils.TritonModelException(f"unexpected inference {kind} '{name}', allowed {kind}s are: {known}")
        tensor = tensors.pop(name)
        if TYPES.get(tensor.type) != declared["data_type"]:
            raise pb_utils.TritonModelException(
                f"{kind} '{name}' is {declared['data_type']}, and the model's file has {tensor.type}"
            )
        dims = [*([-1] if config["max_batch_size"] > 0 else []), *map(int, declared["dims"])]
        fits = len(dims) == len(tensor.shape) and all(
            size == -1 or not isinstance(known, int) or size == known for size, known in zip(dims, tensor.shape)
        )
        if not fits:
            raise pb_utils.TritonModelException(
                f"{kind} '{name}' has the shape {dims}, and the model's file has {tensor.shape}"
            )
    if kind == "input" and tensors:
        raise pb_utils.TritonModelException(f"the model's file takes inputs that are not declared: {', '.join(tensors)}")
