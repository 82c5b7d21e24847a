# SPDX-License-Identifier: Apache-2.0
"""The README's table is current, and nothing heavy is imported early."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from vla_common.configuration.config import from_values, reference_table
from vla_common.contracts.outcomes import Code, VlaError
from vla_perception.config import VisionConfig
from vla_perception.detect.backends import make_detector

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("name", ["onnxruntime", "torch", "ultralytics", "onnx", "mujoco"])
def test_nothing_heavy_is_imported_before_a_backend_is_made(name):
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys, vla_perception.pipeline, vla_perception.detect.backends; sys.exit({name!r} in sys.modules)",
        ],
        check=False,
    )
    assert done.returncode == 0


def test_the_readme_has_the_current_parameters():
    assert reference_table({"vision": VisionConfig}) in (ROOT / "README.md").read_text()


def test_defaults_pass_their_own_checks():
    values = {name: getattr(VisionConfig(), name) for name in VisionConfig.__dataclass_fields__}
    assert from_values(VisionConfig, "vision", values) == VisionConfig()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("backend", "magic"),
        ("detection_threshold", 1.5),
        ("frame_rate", 0),
        ("camera_matrix", [1.0, 2.0]),
    ],
)
def test_values_out_of_range_name_their_key(name, value):
    with pytest.raises(VlaError) as caught:
        from_values(VisionConfig, "vision", {name: value})
    assert caught.value.code is Code.INVALID_CONFIG and f"vision.{name}" in caught.value.message


def test_an_unknown_backend_is_refused():
    with pytest.raises(VlaError) as caught:
        make_detector(VisionConfig(backend="magic"))
    assert caught.value.code is Code.INVALID_CONFIG
