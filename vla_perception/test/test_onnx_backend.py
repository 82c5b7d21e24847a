# SPDX-License-Identifier: Apache-2.0
"""The ONNX backend with real ONNX Runtime and small models made here: what it accepts, refuses and answers."""

from __future__ import annotations

import builtins
import hashlib

import numpy as np
import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_perception.config import VisionConfig
from vla_perception.detect.backends import choose_detector
from vla_perception.detect.network import caution, our_names, parse_class_map
from vla_perception.detect.onnx_backend import OnnxModel
from vla_testing.perception.synthetic import frame_of
from vla_testing.perception.tiny_models import columns, large_opset_error, tiny_model

PICTURE = np.full((240, 320, 3), 90, np.uint8)


def test_boxes_come_back_in_the_pictures_pixels(tmp_path):
    path = tiny_model(
        tmp_path / "m.onnx", columns((100, 58, 140, 118, 0.9, 0), (8, 20, 28, 40, 0.4, 1))
    )
    model = OnnxModel(path)
    assert (model.name, model.device) == ("onnx", "cpu")
    assert model.names == ("cup", "sports ball", "person")
    found = model.find(PICTURE, 0.3)
    assert found.boxes.tolist() == [[100, 50, 140, 110], [8, 12, 28, 32]]
    assert found.classes.tolist() == [0, 1]
    assert len(model.find(PICTURE, 0.5)) == 1
    # Twice the input, half the box.
    finer = OnnxModel(path, level=640).find(PICTURE, 0.5)
    assert finer.boxes.tolist() == [[50, 29, 70, 59]]


def test_a_fixed_input_size_wins_over_the_level(tmp_path):
    path = tiny_model(
        tmp_path / "m.onnx", columns((100, 60, 200, 160, 0.9, 0)), shape=(1, 3, 640, 640)
    )
    found = OnnxModel(path, level=320).find(PICTURE, 0.5)
    assert found.boxes.tolist() == [[50, 0, 100, 40]]


def test_half_precision_inputs_are_fed(tmp_path):
    from onnx import TensorProto

    path = tiny_model(
        tmp_path / "m.onnx", columns((100, 58, 140, 118, 0.9, 0)), kind=TensorProto.FLOAT16
    )
    model = OnnxModel(path)
    assert model.device == "cpu half"
    assert model.find(PICTURE, 0.5).boxes.tolist() == [[100, 50, 140, 110]]


def test_finished_boxes_are_taken_as_they_are(tmp_path):
    rows = np.array([[[100, 58, 140, 118, 0.9, 2], [0, 0, 0, 0, 0, 0]]], np.float32)
    found = OnnxModel(tiny_model(tmp_path / "m.onnx", rows)).find(PICTURE, 0.5)
    assert found.boxes.tolist() == [[100, 50, 140, 110]] and found.classes.tolist() == [2]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "can't be loaded"),
        (b"this is no model", "can't be loaded"),
        ("cut", "can't be loaded"),
        ("unknown operator", "can't be loaded"),
        ({"names": None}, "class names"),
        ({"names": "__import__('os')"}, "class names"),
        ({"names": "{0: 'cup'}"}, "none of the known layouts"),
        ({"numbers": np.zeros((1, 1000))}, "1x1000"),
        ({"inputs": 2}, "2 inputs"),
        ({"shape": (1, 1, "h", "w")}, "not 1 x 3"),
        ({"shape": (1, 3, 8, 8)}, "8 x 8"),
        ({"shape": (4, 3, 320, 320)}, "not 1 x 3"),
    ],
    ids=["empty", "text", "cut off", "unknown operator", "no names", "names that are code", "fewer names",
         "a classifier", "two inputs", "grey pictures", "tiny pictures", "four pictures"],
)  # fmt: skip
def test_files_that_can_not_be_used_are_refused_in_one_sentence(tmp_path, content, says):
    path = tmp_path / "model.onnx"
    if isinstance(content, dict):
        tiny_model(path, **content)
    elif content == "cut":
        path.write_bytes(tiny_model(path).read_bytes()[:150])
    elif content == "unknown operator":
        path.write_bytes(large_opset_error())
    else:
        path.write_bytes(content)
    with pytest.raises(VlaError) as caught:
        OnnxModel(path)
    assert caught.value.result.code is Code.INVALID_CONFIG
    message = caught.value.result.message
    assert says in message and "model.onnx" in message and "\n" not in message
    # The same file with `auto`: work goes on without it, and it is said why.
    choice = choose_detector(VisionConfig(backend="auto", model_file=str(path)))
    assert choice.detector.name == "colour" and says in choice.complaint


def test_a_model_file_is_held_against_its_digest(tmp_path):
    path = tiny_model(tmp_path / "m.onnx", columns((100, 58, 140, 118, 0.9, 0)))
    right = hashlib.sha256(path.read_bytes()).hexdigest()
    for digest in (right, f"sha256:{right.upper()}"):
        choice = choose_detector(VisionConfig(model_file=str(path), model_sha256=digest))
        assert not choice.complaint
    # Not even with `auto`, which else goes on without a network.
    with pytest.raises(VlaError, match=r"not the one that vision.model_sha256 names.*not loaded"):
        choose_detector(VisionConfig(model_file=str(path), model_sha256="0" * 64))
    with pytest.raises(VlaError, match="64 hex digits"):
        choose_detector(VisionConfig(model_file=str(path), model_sha256="abc"))


def test_a_file_that_holds_code_comes_with_a_warning(tmp_path):
    assert "runs code" in caution(tmp_path / "best.pt", "")
    assert caution(tmp_path / "best.pt", "0" * 64) == ""
    assert caution(tmp_path / "best.onnx", "") == ""


def test_a_missing_file_is_named(tmp_path):
    path = tmp_path / "nowhere.onnx"
    with pytest.raises(VlaError) as caught:
        choose_detector(VisionConfig(backend="onnx", model_file=str(path)))
    assert caught.value.result.code is Code.INVALID_CONFIG
    assert (
        str(path) in caught.value.result.message
        and "vision.model_file" in caught.value.result.message
    )
    choice = choose_detector(VisionConfig(backend="auto", model_file=str(path)))
    assert choice.detector.name == "colour" and str(path) in choice.complaint


def test_without_onnx_runtime_the_sentence_says_so(tmp_path, monkeypatch):
    path = tiny_model(tmp_path / "m.onnx")
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "onnxruntime":
            raise ImportError("no such thing")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(VlaError) as caught:
        choose_detector(VisionConfig(backend="onnx", model_file=str(path)))
    assert caught.value.result.code is Code.PERCEPTION_UNAVAILABLE
    assert "onnxruntime" in caught.value.result.message
    choice = choose_detector(VisionConfig(model_file=str(path)))
    assert choice.detector.name == "colour" and "onnxruntime" in choice.complaint


def test_cuda_that_is_not_there_is_an_error_only_where_it_is_asked_for(tmp_path):
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has CUDA")
    path = tiny_model(tmp_path / "m.onnx")
    assert OnnxModel(path, device="auto").device == "cpu"
    with pytest.raises(VlaError) as caught:
        OnnxModel(path, device="cuda")
    assert caught.value.result.code is Code.PERCEPTION_UNAVAILABLE


def test_a_network_that_fails_at_work_is_an_outcome(tmp_path):
    model = OnnxModel(tiny_model(tmp_path / "m.onnx"))
    model._output = "no such output"
    with pytest.raises(VlaError) as caught:
        model.find(PICTURE, 0.5)
    assert caught.value.result.code is Code.PERCEPTION_UNAVAILABLE


def test_color_needs_no_file_and_status_names_model_and_device(tmp_path):
    assert choose_detector(VisionConfig(backend="colour", model_file="/nowhere")).complaint == ""
    path = tiny_model(tmp_path / "m.onnx")
    detector = choose_detector(VisionConfig(backend="onnx", model_file=str(path))).detector
    assert (detector.name, detector.model, detector.device) == ("onnx", "m.onnx", "cpu")
    detector.look_for("screwdriver")
    assert detector.detect(frame_of([]), []) == [] and detector.note == ""


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (["sports ball=ball", " Wine Glass = cup ", "person="], ("cup", "ball", "", "cup")),
        ([], ("cup", "sports ball", "person", "wine glass")),
    ],
)
def test_class_names_become_ours(entries, expected):
    theirs = ("Cup", "sports ball", "person", "wine glass")
    assert our_names(theirs, parse_class_map(entries)) == expected


@pytest.mark.parametrize("entry", ["ball", "=ball", ""])
def test_a_class_map_that_is_none_is_refused(entry):
    with pytest.raises(VlaError) as caught:
        choose_detector(VisionConfig(backend="onnx", class_map=(entry,)))
    assert caught.value.result.code is Code.INVALID_CONFIG
    assert "vision.class_map" in caught.value.result.message
