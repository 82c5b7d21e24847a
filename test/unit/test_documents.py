# SPDX-License-Identifier: Apache-2.0
"""Documents: short enough to be read, links that lead somewhere, and names that exist."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from vla_bringup.launching.config_check import all_groups
from vla_common.configuration.config import settings_of

ROOT = Path(__file__).parents[2]
TRACKED = subprocess.run(
    ["git", "ls-files", "*.md"], cwd=ROOT, capture_output=True, text=True, check=True
).stdout.split()
PAGES = sorted(ROOT / name for name in TRACKED if (ROOT / name).is_file())
GUIDES = [page for page in PAGES if page.parent in (ROOT, ROOT / "docs")]
LINK = re.compile(r"\]\(([^)\s]+)\)")


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """As a Markdown renderer makes them from headings."""
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize(("name", "most"), [("README.md", 120), ("ARCHITECTURE.md", 300)])
def test_a_page_is_as_long_as_people_read(name: str, most: int) -> None:
    assert len((ROOT / name).read_text(encoding="utf-8").splitlines()) <= most


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=relative)
def test_files_that_are_named_with_their_package_exist(page: Path) -> None:
    if page.name in ("CHANGELOG.md", "CHANGELOG.rst"):
        return  # tells of what was
    for package, rest in re.findall(
        r"(?<![\w/])(vla_[a-z]+)/([\w/]+\.(?:py|yaml|lark|msg))\b", page.read_text(encoding="utf-8")
    ):
        places = [ROOT / package / rest, ROOT / package / package / rest]
        assert any(place.exists() for place in places), f"{package}/{rest}"


@pytest.mark.parametrize("page", GUIDES, ids=relative)
def test_verbs_that_are_named_exist(page: Path) -> None:
    entry = (ROOT / "vla").read_text(encoding="utf-8")
    for verb in re.findall(r"\./vla ([a-z][a-z-]+)", page.read_text(encoding="utf-8")):
        assert re.search(rf"[\s|]{verb}[\s|)]", entry), verb


@pytest.mark.parametrize("page", GUIDES, ids=relative)
def test_parameters_that_are_named_exist(page: Path) -> None:
    if page.name == "CHANGELOG.md":
        return
    groups = all_groups()
    for group, name in re.findall(r"`([a-z0-9]+)\.(\w+)`", page.read_text(encoding="utf-8")):
        if group in groups and name != "py":
            assert name in settings_of(groups[group]), f"{group}.{name}"


def test_every_decision_is_in_the_list() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", (folder / "README.md").read_text())
    assert listed == sorted(path.name for path in folder.glob("[0-9]*.md"))
    assert [int(name[:4]) for name in listed] == list(range(1, len(listed) + 1))
