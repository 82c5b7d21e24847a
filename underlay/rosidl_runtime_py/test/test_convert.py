# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""Messages to dictionaries and YAML. Holds for upstream's package as well."""

from __future__ import annotations

import pytest
import yaml
from diagnostic_msgs.msg import DiagnosticStatus, KeyValue
from geometry_msgs.msg import Point32, PointStamped, Polygon, PoseWithCovariance
from rcl_interfaces.msg import ParameterDescriptor
from rosidl_runtime_py import (
    get_message_slot_types,
    message_to_ordereddict,
    message_to_yaml,
)
from sensor_msgs.msg import Image
from std_msgs.msg import String


def point() -> PointStamped:
    message = PointStamped()
    message.header.frame_id = "map: #1"
    message.header.stamp.sec = 3
    message.point.x = 0.5
    return message


def test_yaml_keeps_the_order_and_can_be_read_back() -> None:
    text = message_to_yaml(point())
    assert text == (
        "header:\n  stamp:\n    sec: 3\n    nanosec: 0\n  frame_id: 'map: #1'\n"
        "point:\n  x: 0.5\n  y: 0.0\n  z: 0.0\n"
    )
    assert yaml.safe_load(text) == message_to_ordereddict(point())


def test_text_is_not_wrapped_and_not_escaped() -> None:
    text = "grüße " * 100
    assert message_to_yaml(String(data=text)) == f"data: '{text}'\n"


def test_nested_arrays() -> None:
    status = DiagnosticStatus(level=b"\x02", name="arm", values=[KeyValue(key="a", value="b")])
    fields = message_to_ordereddict(status)
    assert list(fields) == ["level", "name", "message", "hardware_id", "values"]
    assert fields["level"] == "\x02"
    assert fields["values"] == [{"key": "a", "value": "b"}]


def test_numbers_of_fixed_arrays_are_plain() -> None:
    covariance = message_to_ordereddict(PoseWithCovariance())["covariance"]
    assert covariance == [0.0] * 36
    assert type(covariance[0]) is float


def test_long_values_are_cut() -> None:
    image = Image(encoding="rgb8-and-more", data=bytes(range(6)))
    fields = message_to_ordereddict(image, truncate_length=4)
    assert fields["encoding"] == "rgb8..."
    assert fields["data"] == [0, 1, 2, 3, "..."]


def test_arrays_and_strings_can_be_left_out() -> None:
    image = Image(encoding="rgb8", data=bytes(6))
    fields = message_to_ordereddict(image, no_arr=True, no_str=True)
    assert fields["data"] == "<sequence type: uint8, length: 6>"
    assert fields["encoding"] == "<string length: <4>>"
    pose = message_to_ordereddict(PoseWithCovariance(), no_arr=True)
    assert pose["covariance"] == "<array type: double[36]>"
    bounded = message_to_ordereddict(ParameterDescriptor(), no_arr=True)
    assert bounded["integer_range"] == (
        "<sequence type: rcl_interfaces/msg/IntegerRange[1], length: 0>"
    )
    polygon = message_to_ordereddict(Polygon(points=[Point32()]), no_arr=True)
    assert polygon["points"] == "<sequence type: geometry_msgs/msg/Point32, length: 1>"


@pytest.mark.parametrize("thing", [String, String()])
def test_slot_types(thing: object) -> None:
    assert list(get_message_slot_types(thing)) == ["data"]
