# SPDX-License-Identifier: Apache-2.0
"""What every file, package and description of the workspace has in common."""

from __future__ import annotations

import re
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(path.parent for path in ROOT.glob("vla_*/package.xml"))
SOURCES = re.compile(
    r"\.(py|bash|c|lark|toml|ya?ml|cff)$|(^|/)(vla|CMakeLists\.txt|Dockerfile|run)$"
)
"""Interface files are documents too, and `ros2 interface show` prints all of them: they have no header."""
IDENTIFIER = "SPDX-License-Identifier: Apache-2.0"


def tracked() -> list[str]:
    done = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip("this is no clone")
    return [name for name in done.stdout.splitlines() if (ROOT / name).is_file()]


def test_every_source_file_says_under_which_license_it_is():
    # The underlay's Python modules stand in for upstream's, under the license in each package.xml.
    sources = [
        name for name in tracked() if SOURCES.search(name) and not name.startswith("underlay/")
    ]
    assert len(sources) > 400
    without = [name for name in sources if IDENTIFIER not in (ROOT / name).read_text("utf-8")[:400]]
    assert without == []


def version() -> str:
    return (ROOT / "VERSION").read_text().strip()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_all_packages_have_the_version_of_the_workspace(package):
    """colcon, bloom and pip each read another file; `VERSION` is the one to change first."""
    root = ElementTree.parse(package / "package.xml").getroot()
    assert root.findtext("version") == version()
    setup = package / "setup.py"
    if setup.is_file():
        found = re.search(r'version="([^"]+)"', setup.read_text())
        assert found is None or found.group(1) == version()


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_every_package_has_a_changelog_in_the_form_that_catkin_reads(package):
    lines = (package / "CHANGELOG.rst").read_text().splitlines()
    title = f"Changelog for package {package.name}"
    assert lines[1] == title
    assert lines[0] == lines[2] == "^" * len(title)
    assert "Forthcoming" in lines or version() in " ".join(lines)


def test_the_citation_and_the_changelog_have_the_version():
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == version()
    assert re.search(
        rf"^## {re.escape(version())}\b", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE
    )


def test_a_commit_is_held_to_the_rules_of_the_check():
    script = (ROOT / "test" / "run_checks.bash").read_text()
    rules = re.search(r"^RULES=\((.*)\)$", script, re.MULTILINE).group(1).split()
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    hooks = [hook["entry"] for repo in config["repos"] for hook in repo["hooks"]]
    assert hooks == [f"./vla check {rule}" for rule in rules]


def test_ci_runs_what_a_developer_runs_with_actions_that_can_not_change():
    text = (ROOT / ".github" / "workflows" / "ci.yaml").read_text()
    assert "run: ./vla check\n" in text
    assert "run: ./vla test\n" in text
    for action in re.findall(r"uses: (\S+)", text):
        assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", action), action
