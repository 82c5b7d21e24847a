# SPDX-License-Identifier: Apache-2.0
"""Parameter files are read as every node's own reader (rcl) reads them, and refused where that one refuses."""

import math
import random
import string

import pytest
import yaml

from vla_common.configuration.config import Setting
from vla_common.configuration.parameter_file import load, scalar
from vla_common.contracts.outcomes import Code, VlaError

SCALARS = {
    "123E5": 12300000.0,
    "1_000": "1_000",
    "010": 8,
    "08": 8.0,
    "0x1F": 31,
    "-0x1f": -31,
    "y": True,
    "on": True,
    "OFF": False,
    "null": "null",
    "~": "~",
    "1:30": "1:30",
    "2026-01-01": "2026-01-01",
    "-.inf": -math.inf,
    "+.INF": math.inf,
    "inf": math.inf,
    "1e400": "1e400",
    "1e-400": "1e-400",
    "1e-310": "1e-310",
    "0e5": 0.0,
    "99999999999999999999": 1e20,
    "0b11": "0b11",
    "0o17": "0o17",
    "+5": 5,
    "1.": 1.0,
    ".5": 0.5,
    "0x1p3": 8.0,
    "1e": "1e",
    "tRUE": "tRUE",
}
REFUSED = {
    "a: [1, 1.5]": "one type.*whole number 1 and the number 1.5.*1.0",
    "a: [1, true]": "one type",
    "a: [[1], [2]]": "plain values only",
    "a: [{b: 1}]": "plain values only",
    "a:": "no value",
    "a: [1, ]\n    b: *x": "not valid YAML|aliases",
    "a: &k 1\n    b: *k": "aliases",
}


def write(folder, text):
    path = folder / "file.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def in_file(folder, lines):
    return write(folder, "/**:\n  ros__parameters:\n" + "".join(f"    {line}\n" for line in lines))


@pytest.mark.parametrize(("text", "value"), SCALARS.items())
def test_scalars(tmp_path, text, value):
    assert scalar(text) == value and type(scalar(text)) is type(value)
    assert load(in_file(tmp_path, [f"a: {text}"])) == {"a": value}


def test_quotes_and_a_tag_make_a_text(tmp_path):
    lines = ["a: '5'", 'b: "true"', "c: !!str 5", "d: .nan"]
    found = load(in_file(tmp_path, lines))
    assert math.isnan(found.pop("d"))
    assert found == {"a": "5", "b": "true", "c": "5"}


@pytest.mark.parametrize(("lines", "sentence"), REFUSED.items())
def test_what_rcl_refuses_is_refused_with_the_line(tmp_path, lines, sentence):
    with pytest.raises(VlaError, match=sentence) as caught:
        load(in_file(tmp_path, [lines]))
    assert caught.value.code is Code.INVALID_CONFIG


@pytest.mark.parametrize("path", ["/dev/zero", "/", "/none/file.yaml"])
def test_what_is_no_plain_file_is_not_read(path):
    with pytest.raises(VlaError, match="can't be read"):
        load(path)


def test_a_file_without_end_is_refused(tmp_path):
    with pytest.raises(VlaError, match="larger than"):
        load(write(tmp_path, "#" * 1_000_001))


def test_namespaces_may_stand_around_nodes(tmp_path):
    text = (
        "vla:\n  executor: {ros__parameters: {a: {b: 1}}}\n  planner: {ros__parameters: {c: x}}\n"
    )
    assert load(write(tmp_path, text)) == {"a.b": 1, "c": "x"}


@pytest.mark.parametrize(
    "text",
    [
        "/**: {ros__parameters: {x: 1}, y: 2}",
        "---\n/**: {ros__parameters: {x: 1}}\n---\n/**: {ros__parameters: {x: 2}}",
        "5",
        "",
        "/**: {}",
    ],
)
def test_other_shapes_are_refused(tmp_path, text):
    with pytest.raises(VlaError):
        load(write(tmp_path, text))


@pytest.mark.parametrize(
    ("value", "default", "sentence"),
    [
        ("true", True, "true or false, but is the text 'true'"),
        ("5", 5, "a whole number, but is the text '5'"),
        (1.0, 5, "a whole number, but is the number 1"),
        (5, "x", "a text, but is the whole number 5"),
        (["1"], (0.5,), "finite numbers, but has the text '1'"),
        ([1.5], ("a",), "texts, but has the number 1.5"),
        (["a", 1], (), "texts, but has the whole number 1"),
    ],
)
def test_a_wrong_type_is_named(value, default, sentence):
    with pytest.raises(VlaError, match=sentence):
        Setting("").check("group.name", value, default)


def random_scalars(count):
    """Texts that look like numbers and words, of which YAML makes one plain scalar each."""
    source = random.Random(7)
    alphabet = "0123456789abcdefxXoOeEpP+-._nN:" + string.ascii_letters[:8]
    found = []
    while len(found) < count:
        text = "".join(source.choice(alphabet) for _ in range(source.randint(1, 6)))
        try:
            events = list(yaml.parse(f"a: {text}", Loader=yaml.SafeLoader))
        except yaml.YAMLError:
            continue
        scalars = [e for e in events if isinstance(e, yaml.ScalarEvent)]
        if len(scalars) == 2 and scalars[1].value == text:
            found.append(text)
    return found


@pytest.mark.ros
def test_every_scalar_is_what_rcl_makes_of_it(tmp_path):
    import rclpy
    from rclpy.context import Context
    from rclpy.signals import SignalHandlerOptions

    texts = [*SCALARS, *random_scalars(600)]
    path = in_file(tmp_path, [f"p{number}: {text}" for number, text in enumerate(texts)])
    context = Context()
    rclpy.init(
        args=["--ros-args", "--params-file", str(path)],
        context=context,
        signal_handler_options=SignalHandlerOptions.NO,
    )
    try:
        node = rclpy.create_node(
            "reader",
            context=context,
            automatically_declare_parameters_from_overrides=True,
            start_parameter_services=False,
            enable_rosout=False,
        )
        theirs = {name: p.value for name, p in node._parameters.items() if name in load(path)}
        node.destroy_node()
    finally:
        context.shutdown()
    ours = load(path)
    assert len(theirs) == len(texts)
    wrong = {
        text: (ours[name], theirs[name])
        for name, text in zip(ours, texts, strict=True)
        if repr(ours[name]) != repr(theirs[name])
    }
    assert not wrong
