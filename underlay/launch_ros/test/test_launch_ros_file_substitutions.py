"""The reading of `$(...)` in files, by upstream's parser or ours."""

from importlib.util import find_spec

import pytest
from launch import LaunchContext

OURS = find_spec("launch.outside_subset") is not None
if OURS:
    from launch.outside_subset import OutsideSubsetError
    from launch_ros.file_substitutions import parse_substitutions

    REFUSALS: tuple[type[Exception], ...] = (ValueError, OutsideSubsetError)
else:
    from lark.exceptions import LarkError
    from launch.frontend.parse_substitution import parse_substitution as parse_substitutions

    REFUSALS = (LarkError,)


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
        (r'"a \t and a \" lose it"', '"a t and a " lose it"'),
        (r"C:\\dir\n", r"C:\dirn"),
        (r"\\$(var a)", r"\$(var a)"),
        (r"\\\$(var a)", r"\$(var a)"),
        (r"$(var missing 'a\tb')", "atb"),
        ("a\\\nb", "a\\\nb"),
        ("end\\", "end\\"),
    ],
)
def test_text(read, text, expected):
    assert read(text) == expected


@pytest.mark.parametrize(
    "text", ["$(var a", "$(var 'a)", "$()", "$(var)", "$(var a b c)", "line\n$(var a)\n$(var ("]
)
def test_unreadable_text_is_refused(text):
    with pytest.raises(REFUSALS):
        parse_substitutions(text)


@pytest.mark.skipif(not OURS, reason="upstream knows it")
def test_unknown_substitution_is_named():
    with pytest.raises(OutsideSubsetError, match="anon"):
        parse_substitutions("$(anon a)")
