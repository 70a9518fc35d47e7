"""A small network in ONNX and its features, for the test of the extractor `onnx`.

    pip install numpy onnx onnxruntime
    python reference/onnx_features.py

Writes golden/features.onnx, of a convolution, the maximum of 2 x 2 pixels and a linear layer, and golden/onnx_features.json, what
ONNX Runtime computes with it of 18 pictures of 8 x 8.
"""
import json
import pathlib

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

GOLDEN = pathlib.Path(__file__).parent / "golden"
rng = np.random.default_rng(0)


def weight(name, *shape):
    return numpy_helper.from_array(rng.normal(0, 0.5, shape).astype(np.float32), name)


weights = [weight("w", 4, 1, 3, 3), weight("b", 4), weight("v", 64, 5), weight("c", 5)]
nodes = [
    helper.make_node("Conv", ["pictures", "w", "b"], ["a"], pads=[1, 1, 1, 1]),
    helper.make_node("Relu", ["a"], ["r"]),
    helper.make_node("MaxPool", ["r"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
    helper.make_node("Flatten", ["p"], ["f"]),
    helper.make_node("Gemm", ["f", "v", "c"], ["features"]),
]
graph = helper.make_graph(
    nodes, "features", [helper.make_tensor_value_info("pictures", TensorProto.FLOAT, ["batch", 1, 8, 8])],
    [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["batch", 5])], weights)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model)
onnx.save(model, GOLDEN / "features.onnx")

place = np.arange(18 * 64).reshape(18, 1, 8, 8)
pictures = ((place * 37) % 256).astype(np.float32)
session = onnxruntime.InferenceSession(str(GOLDEN / "features.onnx"), providers=["CPUExecutionProvider"])
features = session.run(None, {"pictures": (pictures / 255 - np.float32(0.5)) / np.float32(0.25)})[0]
(GOLDEN / "onnx_features.json").write_text(json.dumps(features.astype(float).round(7).tolist()) + "\n")
