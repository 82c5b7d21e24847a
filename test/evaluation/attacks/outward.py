# SPDX-License-Identifier: Apache-2.0
"""Nothing leaves this machine: no process of the system connects or sends to an address outside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from attack_case import Attack, Context

SOURCE = Path(__file__).parents[1] / "outward.c"
COMMAND = "turn left 20 degrees"
RESULT_S = 120.0
OUTSIDE = "192.0.2.1"
"""An address for documentation (RFC 5737): a datagram to it goes nowhere."""
PROBE = f"import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('{OUTSIDE}', 9))"


def build(folder: Path) -> Path:
    """The library that writes addresses down. Errors: RuntimeError without a C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        raise RuntimeError("there is no C compiler to build the watcher with")
    library = folder / "outward.so"
    command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True, capture_output=True, timeout=60.0)
    return library


def watched(folder: Path) -> tuple[dict[str, str], Path]:
    """The environment under which processes are watched, and the file that lists what they did."""
    record = folder / "outward.txt"
    return {"LD_PRELOAD": str(build(folder)), "VLA_OUTWARD": str(record)}, record


def is_blind(environment: dict[str, str], record: Path) -> str:
    """Whether the watcher misses a datagram that is known to leave; what it wrote of that is removed."""
    subprocess.run(
        [sys.executable, "-I", "-c", PROBE],
        env={**os.environ, **environment},
        timeout=60.0,
        check=False,
    )
    text = record.read_text() if record.exists() else ""
    record.unlink(missing_ok=True)
    return "" if OUTSIDE in text else "the watcher did not see a datagram that was sent outside"


def the_demo_talks_to_nobody(context: Context) -> str:
    """A whole system of its own, from its start to a command that was carried out, with its recogniser of speech."""
    from vla_interfaces.action import ExecuteCommand

    from vla_common.contracts.outcomes import Code
    from vla_testing.system.own_system import OwnSystem

    folder = context.folder / "outward"
    folder.mkdir(parents=True, exist_ok=True)
    environment, record = watched(folder)
    broke = is_blind(environment, record)
    if broke:
        return broke
    # Not told from outside that it should be quiet: the system itself has to see to it.
    kept = {name: os.environ.pop(name, None) for name in ("ORT_DISABLE_TELEMETRY", "DO_NOT_TRACK")}
    try:
        with OwnSystem(folder, {"seed": "0", "speech": "true"}, environment) as system:
            system.wait_until_ready()
            goal = ExecuteCommand.Goal(command=COMMAND, source="attack")
            outcome = system.client.execute(goal, timeout_s=RESULT_S).outcome
            if outcome.code != Code.OK:
                return f"the command was not carried out: {outcome.message}"
    finally:
        os.environ.update({name: value for name, value in kept.items() if value is not None})
    lines = sorted(set(record.read_text().splitlines())) if record.exists() else []
    return "; ".join(lines[:5])


def attacks() -> Iterator[Attack]:
    yield Attack(
        "outward", "a library calls out to its maker at the start", the_demo_talks_to_nobody
    )
