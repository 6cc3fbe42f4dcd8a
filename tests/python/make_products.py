"""A classifier of three matrix products and nothing else, as ONNX: make_products.py FILE."""
import sys
import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

rng = np.random.default_rng(0)
sizes = [64, 32, 32, 10]
weights = [numpy_helper.from_array(rng.normal(0, 0.2, pair).astype(np.float32), f"w{i}")
           for i, pair in enumerate(zip(sizes, sizes[1:]))]
names = ["x", "a", "b", "y"]
nodes = [helper.make_node("MatMul", [names[i], f"w{i}"], [names[i + 1]]) for i in range(3)]
graph = helper.make_graph(nodes, "products",
                          [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 64])],
                          [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 10])], weights)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model)
onnx.save(model, sys.argv[1])
