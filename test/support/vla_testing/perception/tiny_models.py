# SPDX-License-Identifier: Apache-2.0
"""Small ONNX files made on the spot: networks with no weights that always give the same numbers."""

from __future__ import annotations

import numpy as np
from onnx import TensorProto, helper, numpy_helper


def tiny_model(
    path,
    numbers=None,
    *,
    names="{0: 'cup', 1: 'sports ball', 2: 'person'}",
    shape=(1, 3, "h", "w"),
    kind=TensorProto.FLOAT,
    inputs=1,
    gain=1.0,
):
    """Write a model whose output is `numbers` plus nothing of the picture; `names` goes into its metadata.

    The picture is read (its mean times zero is added), so that the input can't be left out.
    """
    numbers = (
        np.zeros((1, 7, 4), np.float32) if numbers is None else np.asarray(numbers, np.float32)
    )
    half = kind == TensorProto.FLOAT16
    values = numbers.astype(np.float16) if half else numbers
    zero = np.zeros((1,), values.dtype) * gain
    nodes = [
        helper.make_node("ReduceMean", ["images"], ["mean"], keepdims=0),
        helper.make_node("Mul", ["mean", "zero"], ["nothing"]),
        helper.make_node("Add", ["numbers", "nothing"], ["output0"]),
    ]
    entries = [helper.make_tensor_value_info("images", kind, list(shape))]
    entries += [helper.make_tensor_value_info(f"more{k}", kind, [1]) for k in range(inputs - 1)]
    for k in range(inputs - 1):
        nodes.append(helper.make_node("Identity", [f"more{k}"], [f"out{k}"]))
    graph = helper.make_graph(
        nodes,
        "tiny",
        entries,
        [helper.make_tensor_value_info("output0", kind, list(numbers.shape))],
        [numpy_helper.from_array(values, "numbers"), numpy_helper.from_array(zero, "zero")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if names is not None:
        entry = model.metadata_props.add()
        entry.key, entry.value = "names", names
    path.write_bytes(model.SerializeToString())
    return path


def columns(*things, classes=3, count=8):
    """Numbers in YOLO's layout for things of x0, y0, x1, y1 (pixels of the input), score, class."""
    out = np.zeros((1, 4 + classes, count), np.float32)
    for k, (x0, y0, x1, y1, score, kind) in enumerate(things):
        out[0, :4, k] = ((x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0)
        out[0, 4 + kind, k] = score
    return out


def large_opset_error() -> bytes:
    """A file that is well formed, but names an operator that nobody has."""
    graph = helper.make_graph(
        [helper.make_node("NoSuchOperator", ["images"], ["output0"])],
        "tiny",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, [1, 3, "h", "w"])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, None)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())
