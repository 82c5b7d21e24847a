# SPDX-License-Identifier: Apache-2.0
"""Writes a trained network as an ONNX file. Needs torch and onnx.

Decides what the file carries: class names and size as other YOLO files name them, and weights as half-precision
numbers that are widened when the file is loaded. That halves the file; the arithmetic stays in single precision.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

SMALL = 64
"""Tensors with fewer numbers stay as they are."""
LICENSE = "Apache-2.0"


def export(network: Any, path: Path, names: Sequence[str], description: str) -> None:
    """Write `network` (see `training_network.Network`) for inputs of any size in steps of 32 pixels."""
    import onnx
    import torch

    from vla_training.network import Answer

    answer = Answer(network).eval()
    buffer = io.BytesIO()
    free = {2: "height", 3: "width"}
    torch.onnx.export(
        answer, (torch.zeros(1, 3, 256, 320),), buffer, input_names=["images"], output_names=["output0"],
        dynamic_axes={"images": free, "output0": {2: "cells"}}, opset_version=17, dynamo=False,
    )  # fmt: skip
    model = onnx.load_model_from_string(buffer.getvalue())
    _halve_weights(model, onnx)
    details = {
        "names": json.dumps(dict(enumerate(names))),
        "stride": "32",
        "task": "detect",
        "license": LICENSE,
        "description": description,
    }
    del model.metadata_props[:]
    for key, value in details.items():
        model.metadata_props.add(key=key, value=value)
    # Where the exporter's own notes name files of this machine, they are left out.
    for node in model.graph.node:
        node.doc_string = ""
    model.producer_name, model.producer_version = "vla_perception", ""
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())


def _halve_weights(model: Any, onnx: Any) -> None:
    for tensor in list(model.graph.initializer):
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype != np.float32 or values.size < SMALL:
            continue
        small = onnx.numpy_helper.from_array(values.astype(np.float16), tensor.name + "_half")
        model.graph.initializer.remove(tensor)
        model.graph.initializer.append(small)
        cast = onnx.helper.make_node(
            "Cast",
            [small.name],
            [tensor.name],
            to=onnx.TensorProto.FLOAT,
            name=small.name + "_widened",
        )
        model.graph.node.insert(0, cast)
