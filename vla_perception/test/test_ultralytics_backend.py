# SPDX-License-Identifier: Apache-2.0
"""The ultralytics backend: without the package always, with it where `./vla build --with torch` was run."""

from __future__ import annotations

import builtins
import importlib.util
import os

import numpy as np
import pytest

from vla_common.contracts.outcomes import Code, VlaError
from vla_perception.config import VisionConfig
from vla_perception.detect.backends import choose_detector
from vla_perception.detect.boxes import Boxes, keep_best
from vla_perception.detect.ultralytics_backend import UltralyticsModel, _nms
from vla_perception.pipeline import look
from vla_testing.perception.synthetic import TABLE, frame_of, standard_things
from vla_testing.perception.tiny_models import columns, tiny_model

THERE = all(importlib.util.find_spec(name) for name in ("torch", "ultralytics"))
needs_ultralytics = pytest.mark.skipif(
    not THERE, reason="torch and ultralytics are not installed (./vla build --with torch)"
)
TINY = """
nc: 3
depth_multiple: 0.33
width_multiple: 0.125
backbone:
  - [-1, 1, Conv, [32, 3, 2]]
  - [-1, 1, Conv, [64, 3, 2]]
  - [-1, 1, Conv, [128, 3, 2]]
head:
  - [[2], 1, Detect, [nc]]
"""


def test_without_the_package_the_sentence_says_how_to_get_it(tmp_path, monkeypatch):
    path = tmp_path / "yolo.pt"
    path.write_bytes(b"")
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "torch":
            raise ImportError("no such thing")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(VlaError) as caught:
        choose_detector(VisionConfig(backend="ultralytics", model_file=str(path)))
    assert caught.value.result.code is Code.PERCEPTION_UNAVAILABLE
    assert "./vla build --with torch" in caught.value.result.message
    choice = choose_detector(VisionConfig(model_file=str(path)))  # only ultralytics reads .pt
    assert choice.detector.name == "colour" and "torch" in choice.complaint


@pytest.mark.parametrize("name", ["yolo.safetensors", "yolo"])
def test_files_that_it_does_not_read_are_refused_before_anything_is_imported(tmp_path, name):
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(VlaError) as caught:
        UltralyticsModel(tmp_path / name)
    assert caught.value.result.code is Code.INVALID_CONFIG and name in caught.value.result.message


@pytest.fixture(scope="module")
def tiny_yolo(tmp_path_factory):
    """A network of ultralytics with random weights, made here: nothing is downloaded."""
    os.environ.update(YOLO_OFFLINE="true", YOLO_AUTOINSTALL="false")
    from vla_perception.detect.ultralytics_backend import _import_offline

    _, yolo = _import_offline()
    folder = tmp_path_factory.mktemp("yolo")
    (folder / "tiny.yaml").write_text(TINY)
    model = yolo(str(folder / "tiny.yaml"), task="detect")
    model.model.names = {0: "cup", 1: "sports ball", 2: "person"}
    model.save(str(folder / "tiny.pt"))
    return folder / "tiny.pt"


@needs_ultralytics
def test_a_network_of_torch_is_run(tiny_yolo):
    model = UltralyticsModel(tiny_yolo)
    assert model.name == "ultralytics" and model.names == ("cup", "sports ball", "person")
    rgb = np.random.default_rng(0).integers(0, 255, (240, 320, 3), dtype=np.uint8)
    found = model.find(rgb, 0.0001)  # random weights: any box at all, in the picture's pixels
    assert len(found) and set(found.classes) <= {0, 1, 2}
    assert found.boxes.min() >= 0 and (found.boxes.max(axis=0) <= (320, 240, 320, 240)).all()
    assert len(model.find(rgb, 0.9999)) == 0
    assert model.set_words(["screwdriver"]) is False


@needs_ultralytics
def test_it_works_in_the_whole_pipeline_and_the_status_says_so(tiny_yolo):
    config = VisionConfig(model_file=str(tiny_yolo))
    detector = choose_detector(config).detector
    assert (detector.name, detector.model) == ("ultralytics", "tiny.pt")
    found = look(frame_of(standard_things()), detector, (TABLE,), config)
    assert len(found) == 4  # random weights find nothing: the depth still does
    assert detector.latency_ms > 0.0


@needs_ultralytics
def test_an_onnx_file_is_run_by_it_where_it_is_asked_for(tmp_path):
    path = tiny_model(
        tmp_path / "m.onnx",
        columns((100, 60, 200, 160, 0.9, 1), count=2100),
        shape=(1, 3, 320, 320),
    )
    model = UltralyticsModel(path)
    found = model.find(np.full((240, 320, 3), 90, np.uint8), 0.5)
    assert found.boxes[0].tolist() == pytest.approx([100, 20, 200, 120], abs=1.0)
    assert model.names[int(found.classes[0])] == "sports ball"


@needs_ultralytics
def test_a_file_that_is_no_network_is_refused_in_one_sentence(tmp_path):
    path = tmp_path / "broken.pt"
    path.write_bytes(b"this is no network")
    with pytest.raises(VlaError) as caught:
        UltralyticsModel(path)
    assert caught.value.result.code is Code.INVALID_CONFIG
    assert "broken.pt" in caught.value.result.message and "\n" not in caught.value.result.message


@needs_ultralytics
def test_open_vocabulary_networks_are_told_the_words(tiny_yolo):
    model = UltralyticsModel(tiny_yolo)
    told = []
    model._model.set_classes = (
        told.append
    )  # what YOLO-World and YOLOE have; theirs wants a text encoder
    assert model.set_words(["cup", "screwdriver"]) and told == [["cup", "screwdriver"]]
    assert model.names == ("cup", "screwdriver")
    model.set_words(["cup", "screwdriver"])
    assert len(told) == 1  # encoding words takes long: only new ones

    def fails(words):
        raise OSError("no text encoder\nand no network")

    model._model.set_classes = fails
    with pytest.raises(VlaError) as caught:
        model.set_words(["hammer"])
    assert caught.value.result.code is Code.PERCEPTION_UNAVAILABLE


@pytest.mark.skipif(not importlib.util.find_spec("torch"), reason="torch is not installed")
def test_the_stand_in_for_torchvisions_suppression_is_suppression():
    import torch

    rng = np.random.default_rng(3)
    corners = rng.uniform(0, 100, (60, 2)).astype(np.float32)
    boxes = np.concatenate(
        [corners, corners + rng.uniform(5, 40, (60, 2)).astype(np.float32)], axis=1
    )
    scores = rng.random(60).astype(np.float32)
    kept = _nms(torch.from_numpy(boxes), torch.from_numpy(scores), 0.5).numpy()
    ours = keep_best(Boxes(boxes, scores, np.zeros(60, np.int64)), 0.5)
    assert scores[kept].tolist() == ours.scores.tolist()
