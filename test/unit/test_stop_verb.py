# SPDX-License-Identifier: Apache-2.0
"""`./vla stop` in bash, against pipes of this process in place of a system."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from pathlib import Path

import pytest

from vla_common.contracts.outcomes import OK, Code, Result
from vla_common.machine.stop_channel import StopChannel

ROOT = Path(__file__).parents[2]
UNCONFIRMED = Result(Code.STOP_UNCONFIRMED, "Odometry does not show standstill.")


class World:
    """A runtime folder with processes that can stop, and a copy of the script beside no set-up at all."""

    def __init__(self, folder: Path) -> None:
        self.run_folder = folder / "run"
        self.root = folder / "root"
        (self.root / "setup").mkdir(parents=True)
        for name in ("vla", "setup/bootstrap.bash", "setup/stop.bash"):
            (self.root / name).write_bytes((ROOT / name).read_bytes())
        self.stops: list[tuple[int, str, str]] = []
        self.channels: list[StopChannel] = []

    def node(self, role="executor", domain=42, namespace="/vla", result=OK, hangs=False):
        def latch(reason):
            if hangs:
                threading.Event().wait(30.0)
            self.stops.append((domain, namespace, role))

        self.channels.append(
            StopChannel(domain, namespace, role, latch, lambda: result, print, (), self.run_folder)
        )

    def other_ways(self, script: str) -> None:
        """What comes after the pipes, in place of Python: an environment file that is there counts as a set-up."""
        (self.root / ".vla" / "bin").mkdir(parents=True)
        python = self.root / ".vla" / "bin" / "python"
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
        (self.root / ".vla" / "env.sh").write_text(f"PATH={python.parent}:$PATH\n")

    def stop(self, *arguments, domain="", **environment):
        ready = {**os.environ, "VLA_RUNTIME_DIR": str(self.run_folder), **environment}
        ready.pop("ROS_DOMAIN_ID", None)
        if domain:
            ready["ROS_DOMAIN_ID"] = domain
        return subprocess.run(
            ["bash", str(self.root / "vla"), "stop", *arguments],
            env=ready,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path)
    yield world
    for channel in world.channels:
        channel.close()


def test_it_stops_before_anything_is_set_up(world):
    world.node("executor")
    done = world.stop()
    assert done.returncode == 0, done
    assert world.stops == [(42, "/vla", "executor")]
    assert done.stdout == (
        "Stopped; the robot stands still. ./vla reset lifts it.\nReached: executor.\n"
    )
    assert done.stderr == ""
    assert not (world.root / ".vla").exists()
    assert not list(world.run_folder.glob("answer-*"))


def test_as_json(world):
    world.node("executor")
    done = world.stop("--json")
    told = json.loads(done.stdout)
    assert told["code"] == 0 and told["reached"] == ["executor"]


def test_one_that_has_nothing_to_stop_leaves_it_to_the_other(world):
    world.node("executor", result=Result(Code.NOT_READY, "Not configured."))
    world.node("state_manager")
    done = world.stop()
    assert done.returncode == 0, done
    assert {role for _, _, role in world.stops} == {"executor", "state_manager"}
    assert "state manager" in done.stdout


def test_domains_and_namespaces_are_told_apart(world):
    for domain, namespace in ((42, "/vla"), (42, "/a/b"), (43, "/a/b"), (42, "/")):
        world.node("executor", domain, namespace)
    assert world.stop("--namespace", "/a/b", domain="42").returncode == 0
    assert world.stops == [(42, "/a/b", "executor")]
    assert world.stop("--namespace=/", domain="42").returncode == 0
    assert world.stops[1:] == [(42, "/", "executor")]


def test_nobody_named_a_domain_and_nothing_runs_in_the_usual_one(world):
    """A demo has a domain of its own; whoever calls for a stop means what runs."""
    world.node("executor", 68)
    world.node("executor", 69, "/other")
    done = world.stop()
    assert done.returncode == 0, done
    assert world.stops == [(68, "/vla", "executor")]
    assert "domain 68, namespace /vla" in done.stdout


def test_a_domain_that_was_named_is_meant(world):
    world.node("executor", 68)
    done = world.stop(domain="43")
    assert world.stops == []
    assert done.returncode != 0


def test_all_means_all(world):
    for domain, namespace in ((42, "/vla"), (50, "/vla"), (50, "/x")):
        world.node("executor", domain, namespace)
    done = world.stop("--all", domain="42")
    assert done.returncode == 0, done
    assert len(world.stops) == 3


def test_what_is_typed_in_haste_does_not_hold_it_up(world):
    world.node("executor")
    done = world.stop("now", "--please")
    assert done.returncode == 0
    assert len(world.stops) == 1
    assert "ignored: now --please" in done.stderr


def test_help_stops_nothing(world):
    world.node("executor")
    done = world.stop("--help")
    assert done.returncode == 0 and "Usage" in done.stdout
    assert world.stops == []


def test_unconfirmed_is_said_and_the_other_ways_are_tried(world):
    world.node("executor", result=UNCONFIRMED)
    world.other_ways('echo "other ways: $*"; exit 1')
    done = world.stop("--namespace", "vla")
    assert done.returncode == 1
    assert "Odometry does not show standstill. Reached so far: executor." in done.stderr
    assert done.stdout.startswith("other ways: ")
    assert done.stdout.endswith("/setup/run_module.py vla_bringup.cli.main stop --namespace vla\n")


def test_one_that_hangs_is_not_waited_for(world):
    world.node("executor", hangs=True)
    world.other_ways("exit 0")
    done = world.stop()
    assert done.returncode == 0
    assert "has not confirmed" in done.stderr


def test_one_that_hangs_does_not_hide_one_that_confirms(world):
    world.node("executor", hangs=True)
    world.node("state_manager")
    done = world.stop()
    assert done.returncode == 0, done
    assert "Reached: state manager." in done.stdout


@pytest.mark.parametrize("kind", ["file", "stale", "foreign name"])
def test_what_is_no_pipe_of_a_living_process_is_left_alone(world, kind):
    world.node("executor")
    names = {"file": "42,vla,executor,1,1,0.stop", "foreign name": "x.stop"}
    path = world.run_folder / names.get(kind, f"42,vla,executor,{2**22 - 1},5,0.stop")
    os.mkfifo(path) if kind == "stale" else path.write_text("")
    done = world.stop()
    assert done.returncode == 0, done
    assert "Reached: executor.\n" in done.stdout
    assert kind == "stale" or path.read_text() == ""


def test_nothing_runs_and_nothing_is_set_up(world):
    done = world.stop()
    assert done.returncode == 1
    assert "No system of this user listens on this machine." in done.stdout
    assert "Reached: nobody." in done.stdout


def test_a_full_pipe_of_one_that_hangs_holds_nobody_up(world):
    world.node("executor")
    world.node("state_manager", hangs=True)
    pipe = os.open(world.channels[1].path, os.O_RDWR | os.O_NONBLOCK)
    try:
        for _ in range(3):  # what its reader still takes, and then the pipe itself
            while os.write(pipe, b"stop answer-0 x\n" * 100):
                pass
    except BlockingIOError:
        pass
    done = world.stop()
    os.close(pipe)
    assert done.returncode == 0, done
    assert re.search("Reached: executor", done.stdout)


@pytest.mark.parametrize("domain", ["abc", "300 000", "-1", "0x1f", "233"])
def test_what_is_no_domain_holds_up_no_stop(world, domain):
    world.node("executor", domain=31)
    done = world.stop(domain=domain)
    assert done.returncode == 0, done
    assert "no domain" in done.stderr
    assert world.stops == [(31, "/vla", "executor")]


@pytest.mark.parametrize("domain", ["31 ", "031"])
def test_a_domain_may_be_written_carelessly(world, domain):
    world.node("executor", domain=31)
    assert world.stop(domain=domain).returncode == 0
    assert world.stops == [(31, "/vla", "executor")]


def test_a_system_under_another_name_is_told_at_once(world):
    world.node("executor", domain=31, namespace="/robot_2")
    for done in (world.stop(domain="0"), world.stop("--namespace", "other", domain="31")):
        assert done.returncode == 1
        assert "domain 31, namespace /robot_2" in done.stderr and "--all" in done.stderr
    assert world.stops == []


def test_a_middleware_that_is_not_there_is_replaced_for_the_last_way(world):
    world.other_ways('echo "$RMW_IMPLEMENTATION"')
    done = world.stop(RMW_IMPLEMENTATION="rmw_of_nobody")
    assert "rmw_of_nobody" in done.stderr and done.stdout == "rmw_fastrtps_cpp\n"
