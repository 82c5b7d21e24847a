# SPDX-License-Identifier: Apache-2.0
"""Which packages a distribution has: by the types and modules that are needed, not by the name of the package."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
UNDERLAY = ROOT / "underlay"
PACKAGES = sorted(path.parent.name for path in UNDERLAY.glob("*/package.xml"))


def made_up(prefix: Path, package: str) -> Path:
    """The package as a distribution installs it; returns its share folder."""
    marker = prefix / "share" / "ament_index" / "resource_index" / "packages" / package
    marker.parent.mkdir(parents=True, exist_ok=True)
    marker.touch()
    share = prefix / "share" / package
    share.mkdir(parents=True, exist_ok=True)
    for kind in ("msg", "srv", "action"):
        for path in (UNDERLAY / package / kind).glob(f"*.{kind}"):
            (share / kind).mkdir(exist_ok=True)
            # Upstream's files have comments, other spaces, and types with their whole name.
            text = path.read_text().replace("std_msgs/Header", "std_msgs/msg/Header")
            lines = [f"  {line}\t# as documented" for line in text.splitlines()]
            (share / kind / path.name).write_text(
                "# Of upstream.\n\n" + "\n".join([*lines, "uint8 MORE=1"])
            )
    for path in (UNDERLAY / package).glob("*/__init__.py"):
        module = prefix / "lib" / "python3.12" / "site-packages" / path.parent.name
        module.mkdir(parents=True, exist_ok=True)
    return share


def present(prefix: Path, package: str, *more: Path) -> bool:
    script = (
        f"VLA_ROOT={ROOT}; source {ROOT}/setup/bootstrap.bash; VLA_STATE={prefix}/none; set -euo pipefail; "
        f"underlay_present {prefix}/setup.bash {package}"
    )
    path = ":".join(str(one) for one in more)
    environment = {"PATH": "/usr/bin:/bin", "AMENT_PREFIX_PATH": path, "LC_ALL": "C"}
    done = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode in (0, 1) and done.stderr == "", done.stderr
    return done.returncode == 0


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_with_all_that_is_needed_is_present(tmp_path: Path, package: str) -> None:
    assert not present(tmp_path, package)
    made_up(tmp_path, package)
    assert present(tmp_path, package)


INTERFACES = sorted(
    (path.parents[1].name, f"{path.parent.name}/{path.name}")
    for kind in ("msg", "srv", "action")
    for path in UNDERLAY.glob(f"*/{kind}/*.{kind}")
)


@pytest.mark.parametrize(("package", "name"), INTERFACES)
def test_a_package_that_lacks_a_type_is_not(tmp_path: Path, package: str, name: str) -> None:
    (made_up(tmp_path, package) / name).unlink()
    assert not present(tmp_path, package)


def test_audio_messages_of_another_author_are_told_apart(tmp_path: Path) -> None:
    """Of ros4hri's namesake: AudioDataStamped is missing there; of another, it has other fields."""
    share = made_up(tmp_path, "audio_common_msgs")
    kept = (share / "msg" / "AudioDataStamped.msg").read_text()
    (share / "msg" / "AudioDataStamped.msg").write_text("std_msgs/Header header\nint16[] samples\n")
    assert not present(tmp_path, "audio_common_msgs")
    (share / "msg" / "AudioDataStamped.msg").write_text(kept)
    assert present(tmp_path, "audio_common_msgs")


def test_the_cpp_side_alone_is_not_enough(tmp_path: Path) -> None:
    made_up(tmp_path, "tf2_ros")
    shutil.rmtree(tmp_path / "lib")
    assert not present(tmp_path, "tf2_ros")


def test_what_is_sourced_first_hides_what_is_in_the_distribution(tmp_path: Path) -> None:
    made_up(tmp_path / "distribution", "audio_common_msgs")
    share = made_up(tmp_path / "overlay", "audio_common_msgs")
    (share / "msg" / "AudioDataStamped.msg").unlink()
    assert not present(tmp_path / "distribution", "audio_common_msgs", tmp_path / "overlay")


def test_what_was_built_of_a_removed_package_goes_with_all_that_was_built(tmp_path: Path) -> None:
    """Its plug-ins would be loaded by every pytest."""
    for name in ("kept", "removed"):
        (tmp_path / "build" / name).mkdir(parents=True)
        (tmp_path / "build" / name / "colcon_build.rc").touch()
    (tmp_path / "install").mkdir()

    def forget(*paths: str) -> bool:
        script = (
            f"VLA_ROOT={ROOT}; source {ROOT}/setup/bootstrap.bash; VLA_STATE={tmp_path}; set -euo pipefail; "
            f"forget_removed_packages {' '.join(paths)}"
        )
        subprocess.run(["bash", "-c", script], check=True, capture_output=True)
        return not (tmp_path / "install").exists()

    assert not forget("/x/removed", "/y/kept")
    assert forget("/y/kept")
    assert not (tmp_path / "build").exists()
