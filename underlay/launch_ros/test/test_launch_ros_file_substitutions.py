"""The reading of `$(...)` in files; ours only, upstream reads them elsewhere."""

from importlib.util import find_spec

import pytest
from launch import LaunchContext

OURS = find_spec("launch.outside_subset") is not None
pytestmark = pytest.mark.skipif(not OURS, reason="this is upstream's launch")
if OURS:
    from launch.outside_subset import OutsideSubsetError
    from launch_ros.file_substitutions import parse_substitutions


@pytest.fixture
def read():
    context = LaunchContext()
    context.launch_configurations.update({"a": "A", "key": "a", "n": "2"})

    def perform(text):
        parts = parse_substitutions(text)
        return "".join(part.perform(context) for part in parts)

    return perform


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain $ text (x) 'quoted'", "plain $ text (x) 'quoted'"),
        ("$(var a)", "A"),
        ("x$(var a)y$(var a)", "xAyA"),
        ("$(var $(var key))", "A"),
        ("$(var missing 'd e')", "d e"),
        ("$(var missing $(var a)z)", "Az"),
        ("$(eval '$(var n) + 1')", "3"),
        ('$(eval "\\"b\\" * $(var n)")', "bb"),
        (r"\$(var a)", "$(var a)"),
        (r'"tab \t and \" stay"', r'"tab \t and \" stay"'),
        ("end\\", "end\\"),
    ],
)
def test_text(read, text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    "text", ["$(var a", "$(var 'a)", "$()", "$(var)", "$(var a b c)", "line\n$(var a)\n$(var ("]
)
def test_unreadable_text_is_refused(text):
    with pytest.raises((ValueError, OutsideSubsetError)):
        parse_substitutions(text)


def test_unknown_substitution_is_named():
    with pytest.raises(OutsideSubsetError, match="anon"):
        parse_substitutions("$(anon a)")
