"""Writes the sample ONNX models of resnet50: small convolutional networks with the interface of ResNet-50.

Their weights are random (with a fixed seed for each version), so that what they answer means nothing. Put your own
model.onnx in their place. Needs the packages of the line below, and writes the same bytes each time:

    pip install onnx==1.16.2 numpy==1.26.4 && python make.py
"""

from pathlib import Path

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save

CHANNELS = 8
CLASSES = 1000


def network(version):
    chance = np.random.default_rng(50 + version)

    def weights(name, *shape):
        fan_in = np.prod(shape[1:])
        return numpy_helper.from_array(chance.normal(0, fan_in**-0.5, shape).astype(np.float32), name)

    nodes = [
        helper.make_node("Conv", ["input", "stem"], ["features"], kernel_shape=[7, 7], strides=[8, 8], pads=[3] * 4),
        helper.make_node("Relu", ["features"], ["active"]),
        helper.make_node("GlobalAveragePool", ["active"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["flat"]),
        helper.make_node("Gemm", ["flat", "head"], ["output"], transB=1),
    ]
    graph = helper.make_graph(
        nodes,
        "sample",
        [helper.make_tensor_value_info("input", TensorProto.FLOAT, ["batch", 3, 224, 224])],
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, ["batch", CLASSES])],
        [weights("stem", CHANNELS, 3, 7, 7), weights("head", CLASSES, CHANNELS)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="serin")
    model.ir_version = 8
    checker.check_model(model)
    return model


for number in (1, 2):
    folder = Path(__file__).parent / str(number) / "resnet50" / str(number)
    folder.mkdir(parents=True, exist_ok=True)
    save(network(number), str(folder / "model.onnx"))
