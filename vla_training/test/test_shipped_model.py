# SPDX-License-Identifier: Apache-2.0
"""The network that ships with the package, on pictures of the simulator that it has not seen."""

from __future__ import annotations

import hashlib
import importlib.util
import re

import numpy as np
import pytest

from vla_perception.config import VisionConfig
from vla_perception.detect.backends import choose_detector
from vla_perception.detect.network import LEVELS, SHIPPED_MODEL
from vla_perception.detect.onnx_backend import OnnxModel
from vla_training.average_precision import TrueBoxes, average_precision
from vla_training.pictures import CLASSES, pictures
from vla_training.train import MEASURED_FROM, with_noise

CARD = SHIPPED_MODEL.with_name("README.md")
pytestmark = pytest.mark.skipif(
    not SHIPPED_MODEL.is_file(), reason="no network ships yet (./vla train-detector makes one)"
)


@pytest.fixture(scope="module")
def shots():
    if not importlib.util.find_spec("mujoco"):
        pytest.skip("mujoco is not installed")
    try:
        return [
            shot for shot in pictures([29000, 29001, 29002, 29003], 3) if (shot.classes >= 0).any()
        ]
    except RuntimeError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("level", list(LEVELS.values()))
def test_it_finds_what_is_there(shots, level):
    model = OnnxModel(SHIPPED_MODEL, level=level)
    found = [model.find(with_noise(shot, n), MEASURED_FROM) for n, shot in enumerate(shots)]
    truths = [TrueBoxes(shot.boxes, shot.classes) for shot in shots]
    result = average_precision(truths, found, CLASSES)["all"]
    assert result.count > 15
    assert result.ap50 > 0.6  # the card has the figure for many pictures; a dozen scatter


def test_it_is_what_runs_by_default_and_is_small():
    detector = choose_detector(VisionConfig()).detector
    assert (detector.name, detector.model) == ("onnx", SHIPPED_MODEL.name)
    assert SHIPPED_MODEL.stat().st_size <= 10_000_000
    assert OnnxModel(SHIPPED_MODEL).names == CLASSES


def test_on_empty_pictures_it_finds_nothing():
    model = OnnxModel(SHIPPED_MODEL)
    for gray in (0, 90, 255):
        assert len(model.find(np.full((240, 320, 3), gray, np.uint8), 0.3)) == 0


def test_the_card_is_about_this_file():
    card = CARD.read_text()
    assert hashlib.sha256(SHIPPED_MODEL.read_bytes()).hexdigest()[:16] in card
    assert re.search(r"licen[cs]e", card, re.IGNORECASE) and "mAP50-95" in card
    for name in CLASSES:
        assert name in card
