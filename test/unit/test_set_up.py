# SPDX-License-Identifier: Apache-2.0
"""What `./vla` checks before it downloads anything, what it installs, and from where it takes Python's modules."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SETUP = ROOT / "setup"
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[a-z,]+\])?==([^\s;\\]+)", re.M)
AS_OWNER = os.geteuid() != 0


def problems(script, **environment):
    """What the checks of `setup/machine_checks.bash` print, one sentence a line."""
    wanted = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/tmp"), **environment}
    command = f"source {SETUP}/machine_checks.bash; {script}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        env={name: value for name, value in wanted.items() if value is not None},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    "path", ["/home/me/ros ws", "/home/jürgen/vla", "/tmp/a:b", "/x/$y", "/x;y"]
)
def test_paths_that_the_tools_can_not_take_are_refused(path):
    (sentence,) = problems('check_path "$P"', P=path)
    assert path in sentence and "Move it" in sentence


@pytest.mark.parametrize("path", ["/home/me/ws_1.0", "/opt/vla+x/a-b", "/w@1/~x"])
def test_other_paths_are_fine(path):
    assert problems('check_path "$P"', P=path) == []


@pytest.mark.parametrize(
    ("script", "environment", "words"),
    [
        ("check_domain", {"ROS_DOMAIN_ID": "300"}, "232"),
        ("check_domain", {"ROS_DOMAIN_ID": "abc"}, "whole number"),
        ("check_domain", {"ROS_DOMAIN_ID": "-1"}, "whole number"),
        ("check_domain", {"ROS_DOMAIN_ID": "4 2"}, "whole number"),
        ("check_domain", {"ROS_DOMAIN_ID": "99999999999999999999"}, "232"),
        ("check_discovery", {"ROS_AUTOMATIC_DISCOVERY_RANGE": "localhost"}, "LOCALHOST"),
        ("check_discovery", {"FASTRTPS_DEFAULT_PROFILES_FILE": "/none.xml"}, "can't be read"),
        ('check_middleware ""', {"RMW_IMPLEMENTATION": "rmw_cyclonedds_cpp"}, "rmw_fastrtps_cpp"),
        ("check_middleware /none/setup.bash", {"RMW_IMPLEMENTATION": "rmw_x"}, "not installed"),
        ("check_home", {"HOME": None}, "HOME is not set"),
        ("check_home", {"HOME": "/none"}, "no folder"),
        ("check_home", {"ROS_HOME": "/proc/none"}, "no folder"),
        ("check_home", {"HOME": "/proc"}, "can't be written to"),
        ("check_temporary_folder", {"TMPDIR": "/none"}, "TMPDIR"),
        ("check_state_folder /dev/null /", {}, "not a folder"),
    ],
)
def test_what_is_wrong_with_the_environment_is_one_sentence(script, environment, words):
    (sentence,) = problems(script, **environment)
    assert words in sentence and sentence.endswith((".", ")."))


@pytest.mark.parametrize(
    ("script", "environment"),
    [
        ("check_domain", {}),
        ("check_domain", {"ROS_DOMAIN_ID": "0"}),
        ("check_domain", {"ROS_DOMAIN_ID": "042"}),
        ("check_domain", {"ROS_DOMAIN_ID": "232"}),
        ("check_discovery", {"ROS_AUTOMATIC_DISCOVERY_RANGE": "SUBNET"}),
        ('check_middleware ""', {"RMW_IMPLEMENTATION": "rmw_fastrtps_cpp"}),
        ('check_middleware ""', {}),
        ("check_temporary_folder", {}),
    ],
)
def test_what_is_right_is_passed_over(script, environment):
    assert problems(script, **environment) == []


def test_a_home_that_can_be_written_is_left_as_it_was(tmp_path):
    assert problems("check_home", HOME=str(tmp_path)) == []
    assert problems("check_home", HOME="/none", ROS_HOME=str(tmp_path / "new")) == []
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_a_state_folder_of_somebody_else_is_named(tmp_path):
    if AS_OWNER:
        pytest.skip("only root can give a folder away")
    folder = tmp_path / ".vla"
    folder.mkdir()
    os.chown(folder, 12345, 12345)
    (sentence,) = problems(f"check_state_folder {folder} {tmp_path}")
    assert "belongs to user" in sentence


def test_every_verb_says_what_is_wrong_before_it_does_anything(tmp_path):
    folder = tmp_path / "a b"
    folder.mkdir()
    (folder / "setup").symlink_to(SETUP)
    (folder / "vla").write_bytes((ROOT / "vla").read_bytes())
    environment = {**os.environ, "ROS_DOMAIN_ID": "300"}
    for verb in ("doctor", "status", "build"):
        done = subprocess.run(
            ["bash", str(folder / "vla"), verb],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 3
        assert len(done.stderr.splitlines()) == 2 and "Traceback" not in done.stderr
        assert not (folder / ".vla").exists()


def locked(name):
    """Name -> versions, of a lock file in which each entry has a hash."""
    text = (SETUP / name).read_text()
    found = {}
    for entry in re.split(r"\n(?=\S)", text):
        match = PIN.match(entry)
        assert match, entry[:80]
        assert "--hash=sha256:" in entry, match.group(1)
        found.setdefault(normal(match.group(1)), set()).add(match.group(2))
    return found


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize(
    ("lock", "sources"),
    [
        ("requirements-wheels.lock", ["requirements.txt", "requirements-wheels.txt"]),
        ("requirements-distribution.lock", ["requirements.txt", "requirements-distribution.txt"]),
        ("requirements-build.lock", ["requirements-build.in"]),
        ("requirements-lock-tool.lock", ["requirements-lock-tool.in"]),
        ("../docker/requirements.lock", ["../docker/requirements.txt"]),
    ],
)
def test_what_is_asked_for_is_locked_at_that_version(lock, sources):
    versions = locked(lock)
    for source in sources:
        for line in (SETUP / source).read_text().splitlines():
            if 'python_version < "3.11"' in line and lock.startswith("../"):
                continue
            if match := PIN.match(line):
                assert match.group(2) in versions[normal(match.group(1))], line


def test_nothing_is_installed_without_a_hash_but_the_optional_packages():
    text = (SETUP / "bootstrap.bash").read_text()
    installs = re.findall(r"venv_pip install (.*)", text)
    assert len(installs) >= 4
    for options in installs:
        assert "--require-hashes" in options or "alone" in options or "$file" in options, options


def test_the_dockerfile_installs_the_locked_packages():
    assert "--require-hashes -r /tmp/requirements.lock" in (ROOT / "docker/Dockerfile").read_text()


def test_a_file_of_the_current_folder_replaces_no_module(tmp_path):
    for name in ("random", "yaml", "json", "runpy"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('taken from the current folder')")
    (tmp_path / "asked.py").write_text("")
    command = [
        sys.executable,
        str(SETUP / "run_module.py"),
        "vla_bringup.cli.main",
        "plan",
        "--help",
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "plan" in done.stdout


def test_python_is_started_away_from_the_current_folder():
    """Isolated (-I), from a folder of ours, by run_module, or by the path of a script."""
    for path in (ROOT / "vla", *sorted(SETUP.glob("*.bash"))):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            code = line.split("#")[0]
            unsafe = re.search(r"""(?:python|\$name)"?\s+-[mc]?\s""", code)
            assert not unsafe or 'cd "$VLA_STATE"' in code, f"{path.name}:{number}: {line.strip()}"


def test_a_search_path_gets_no_empty_entry():
    script = f"VLA_ROOT={ROOT}; source {SETUP}/bootstrap.bash; without_empty ':/a::/b:'"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "/a:/b"
    entries = (ROOT / "vla").read_text()
    assert ":$PYTHONPATH" not in entries.replace("${PYTHONPATH:+:$PYTHONPATH}", "")
