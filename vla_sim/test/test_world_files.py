# SPDX-License-Identifier: Apache-2.0
"""Which files somebody who calls sim/reset may have for a world, and that nothing is learnt of the others."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vla_sim.world.world_files import LARGEST_BYTES, permitted
from vla_sim.world.world_spec import WorldError, load_world

SECRET = "root:x:0:0: [the password is swordfish"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """worlds/ with a world and many traps, and secrets beside it."""
    worlds = tmp_path / "worlds"
    (worlds / "more").mkdir(parents=True)
    for path in (worlds / "good.yaml", worlds / "more" / "other.yml", tmp_path / "started.world"):
        path.write_text("room_x_m: 3", encoding="utf-8")
    for path in (tmp_path / "secret", tmp_path / "secret.yaml", worlds / "notes.txt"):
        path.write_text(SECRET, encoding="utf-8")
    (tmp_path / "worlds-of-others").mkdir()
    (tmp_path / "worlds-of-others" / "x.yaml").write_text(SECRET, encoding="utf-8")
    (worlds / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    (worlds / "inner.yaml").symlink_to(worlds / "good.yaml")
    (worlds / "loop.yaml").symlink_to(worlds / "loop.yaml")
    (worlds / "out").symlink_to(tmp_path)
    os.mkfifo(worlds / "pipe.yaml")
    (worlds / "folder.yaml").mkdir()
    (worlds / "huge.yaml").write_bytes(b"#" * (LARGEST_BYTES + 1))
    return tmp_path


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("good.yaml", "worlds/good.yaml"),
        ("more/other.yml", "worlds/more/other.yml"),
        ("more/../good.yaml", "worlds/good.yaml"),
        ("inner.yaml", "worlds/good.yaml"),
        ("{}/worlds/good.yaml", "worlds/good.yaml"),
        ("{}/worlds-of-others/../worlds/good.yaml", "worlds/good.yaml"),
        ("{}/started.world", "started.world"),
        ("started.world", "started.world"),
        ("link.yaml", None),
        ("loop.yaml", None),
        ("out/secret.yaml", None),
        ("out/worlds/good.yaml", "worlds/good.yaml"),
        ("../secret.yaml", None),
        ("../worlds-of-others/x.yaml", None),
        ("{}/worlds-of-others/x.yaml", None),
        ("{}/secret.yaml", None),
        ("{}/secret", None),
        ("notes.txt", None),
        ("pipe.yaml", None),
        ("folder.yaml", None),
        ("huge.yaml", None),
        ("/dev/zero", None),
        ("/etc/passwd", None),
        ("", None),
        (".", None),
        ("good.yaml\0.txt", None),
        ("x" * 5000, None),
        ("\x1b[31mred\n", None),
    ],
)
def test_only_what_lies_where_worlds_belong(tree: Path, name: str, found: str | None) -> None:
    arguments = (name.format(tree), [tree / "worlds", tree / "nowhere"], [tree / "started.world"])
    if found is not None:
        assert permitted(*arguments) == (tree / found).resolve()
        return
    with pytest.raises(WorldError) as caught:
        permitted(*arguments)
    text = str(caught.value)
    assert "where worlds belong" in text and "swordfish" not in text and text.isprintable()


def test_what_is_elsewhere_and_what_is_nowhere_look_the_same(tree: Path) -> None:
    said = []
    for name in ("secret.yaml", "absent.yaml"):
        with pytest.raises(WorldError) as caught:
            permitted(f"{tree}/{name}", [tree / "worlds"])
        said.append(str(caught.value).replace(name, ""))
    assert said[0] == said[1]


def test_an_installation_of_links_is_its_files(tree: Path) -> None:
    link = tree / "share" / "good.yaml"
    link.parent.mkdir()
    link.symlink_to(tree / "worlds" / "good.yaml")
    for name in ("good.yaml", str(link), str(tree / "worlds" / "good.yaml")):
        assert permitted(name, [], [link]) == tree / "worlds" / "good.yaml"


@pytest.mark.parametrize(
    "text", [SECRET, "a: {swordfish", "swordfish: !!python/object:os.system {}", "\tswordfish"]
)
def test_the_reader_quotes_nothing_of_a_file(tmp_path: Path, text: str) -> None:
    path = tmp_path / "file.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(WorldError) as caught:
        load_world(path)
    assert "swordfish" not in str(caught.value) and "root:x" not in str(caught.value)
