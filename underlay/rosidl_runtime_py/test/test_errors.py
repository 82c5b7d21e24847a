# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""What the underlay says about wrong values. Upstream says less, so it does not run this file."""

from __future__ import annotations

from typing import Any

import pytest
from geometry_msgs.msg import Polygon, Twist
from rcl_interfaces.msg import ParameterDescriptor
from rosidl_runtime_py import set_message, set_message_fields
from std_msgs.msg import Bool, Int16
from unique_identifier_msgs.msg import UUID

pytestmark = pytest.mark.skipif(
    not hasattr(set_message, "FieldValueError"), reason="these sentences are the underlay's own"
)


@pytest.mark.parametrize(
    ("kind", "values", "said"),
    [
        (Twist, {"linaer": {}}, "'Twist' has no field 'linaer': did you mean 'linear'?"),
        (Twist, {"linear": {"w": 1}}, "'Vector3' has no field 'linear.w': its fields are x, y, z"),
        (
            Twist,
            {"linear": {"x": "fast"}},
            "field 'linear.x' (double) cannot take the value 'fast'",
        ),
        (Twist, {"linear": 3}, "'linear' needs a mapping of field names to values, not 3"),
        (Int16, {"data": 3.5}, "field 'data' (int16) cannot take the value 3.5"),
        (Int16, {"data": 40000}, "field 'data' (int16) cannot take the value 40000"),
        (Bool, {"data": "false"}, "field 'data' (boolean) cannot take the value 'false'"),
        (Polygon, {"points": [{"x": None}]}, "field 'points[0].x' (float) cannot take the value"),
        (UUID, {"uuid": [1, 2]}, "field 'uuid' (uint8[16]) cannot take 2 elements"),
        (
            ParameterDescriptor,
            {"integer_range": [{}, {}]},
            "field 'integer_range' (rcl_interfaces/msg/IntegerRange[<=1]) cannot take 2 elements",
        ),
    ],
)
def test_one_clear_sentence(kind: Any, values: Any, said: str) -> None:
    with pytest.raises((TypeError, AttributeError)) as caught:
        set_message_fields(kind(), values)
    assert str(caught.value).startswith(said)
