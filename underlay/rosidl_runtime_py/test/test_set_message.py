# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Filling messages from dictionaries. Holds for upstream's package as well."""

from __future__ import annotations

import array
from typing import Any

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from geometry_msgs.msg import Polygon, PoseWithCovariance, Twist
from rcl_interfaces.msg import ParameterDescriptor, ParameterValue
from rosidl_runtime_py import set_message_fields
from sensor_msgs.msg import Image
from std_msgs.msg import Bool, Float64, Int16, String
from unique_identifier_msgs.msg import UUID


@pytest.mark.parametrize(
    ("kind", "values", "read", "expected"),
    [
        (Twist, {"linear": {"x": 1.5}}, lambda m: (m.linear.x, m.linear.y), (1.5, 0.0)),
        (Twist, {"linear": {"x": 2}}, lambda m: m.linear.x, 2.0),
        (Twist, {}, lambda m: m.linear.x, 0.0),
        (Float64, {"data": "1e3"}, lambda m: m.data, 1000.0),
        (Int16, {"data": "-7"}, lambda m: m.data, -7),
        (Int16, {"data": 3.0}, lambda m: m.data, 3),
        (Bool, {"data": True}, lambda m: m.data, True),
        (Bool, {"data": 0}, lambda m: m.data, False),
        (String, {"data": "ü"}, lambda m: m.data, "ü"),
        (String, {"data": 5}, lambda m: m.data, "5"),
        (Image, {"data": [1, 2]}, lambda m: m.data, array.array("B", [1, 2])),
        (ParameterValue, {"string_array_value": ["a"]}, lambda m: m.string_array_value, ["a"]),
        (UUID, {"uuid": list(range(16))}, lambda m: m.uuid.tolist(), list(range(16))),
        (
            PoseWithCovariance,
            {"covariance": [0.5] * 36},
            lambda m: m.covariance.tolist(),
            [0.5] * 36,
        ),
        (
            Polygon,
            {"points": [{"x": 1.0}, {"y": 2.0}]},
            lambda m: [(p.x, p.y) for p in m.points],
            [(1.0, 0.0), (0.0, 2.0)],
        ),
        (DiagnosticStatus, {"level": b"\x02"}, lambda m: m.level, b"\x02"),
        (
            ParameterDescriptor,
            {"integer_range": [{"to_value": 3}]},
            lambda m: m.integer_range[0].to_value,
            3,
        ),
    ],
)
def test_values_arrive(kind: Any, values: Any, read: Any, expected: Any) -> None:
    message = kind()
    set_message_fields(message, values)
    assert read(message) == expected


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Twist, "not a mapping"),
        (Twist, {"linear": 1.0}),
        (Twist, {"linear": {"x": "fast"}}),
        (Int16, {"data": "one"}),
        (Float64, {"data": [1.0]}),
        (Polygon, {"points": [1.0]}),
        (Image, {"data": "text"}),
    ],
)
def test_values_that_do_not_fit(kind: Any, values: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        set_message_fields(kind(), values)


@pytest.mark.parametrize("values", [{"linaer": {}}, {"linear": {"w": 1.0}}, {"": 1}])
def test_unknown_fields(values: Any) -> None:
    with pytest.raises(AttributeError):
        set_message_fields(Twist(), values)
