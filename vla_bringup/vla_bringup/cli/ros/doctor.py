# SPDX-License-Identifier: Apache-2.0
"""`vla doctor`: what this machine has, what is missing, and what that means."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One line of the report. ok None: optional and missing."""

    name: str
    ok: bool | None
    text: str


def findings() -> Iterator[Finding]:
    """Everything worth knowing, most basic first."""
    yield Finding(
        "Python", sys.version_info >= (3, 10), f"{platform.python_version()} ({sys.executable})"
    )
    yield _ros()
    yield _packages()
    yield _interfaces()
    yield Finding(
        "domain", True, f"ROS_DOMAIN_ID={os.environ.get('ROS_DOMAIN_ID', '0 (not set)')}, "
        f"discovery {os.environ.get('ROS_AUTOMATIC_DISCOVERY_RANGE', 'SUBNET (not set)')}",
    )  # fmt: skip
    yield _guarded("middleware", _middleware)
    yield _guarded("simulator", _simulator)
    yield _guarded("rendering", _rendering)
    yield from _perception()
    yield _language_model()
    yield from _speech()
    yield _optional(
        "rviz2", None, "rviz:=true does not work; everything else does", shutil.which("rviz2")
    )


def main() -> int:
    """Exit code 0 when nothing that is needed is missing."""
    bad = 0
    for finding in findings():
        mark = {True: "ok     ", False: "MISSING", None: "without"}[finding.ok]
        print(f"{mark}  {finding.name:15s} {finding.text}", flush=True)
        bad += finding.ok is False
    return 1 if bad else 0


def _ros() -> Finding:
    try:
        import rclpy

        where = os.path.dirname(rclpy.__file__)
        names = {name.metadata["Name"] for name in importlib.metadata.distributions()}
        kind = "wheels" if "ros-rclpy" in names else "a distribution"
        return Finding("ROS 2", True, f"{os.environ.get('ROS_DISTRO', '?')} from {kind} ({where})")
    except ImportError as error:
        return Finding("ROS 2", False, f"rclpy can't be imported: {error}")


def _packages() -> Finding:
    from ament_index_python.packages import get_packages_with_prefixes

    names = sorted(name for name in get_packages_with_prefixes() if name.startswith("vla_"))
    return Finding(
        "packages", len(names) >= 7, ", ".join(names) or "none is built; run ./vla build"
    )


def _interfaces() -> Finding:
    from vla_bringup.launching.foreign_interfaces import NEEDED, lacking

    missing = lacking()
    if missing:
        return Finding("interfaces", False, f"{missing} Source it last, or run ./vla build.")
    return Finding("interfaces", True, ", ".join(sorted({n.partition(".")[0] for n in NEEDED})))


def _guarded(name: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(name, True, look())
    except Exception as error:
        return Finding(name, False, f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")


def _middleware() -> str:
    """A context and a node, as every process of the system has: an impossible domain, a middleware that is not
    installed and a place for logs that can't be written show here, and not in each process after the start.
    """
    import rclpy
    from rclpy.context import Context
    from rclpy.signals import SignalHandlerOptions

    context = Context()
    rclpy.init(context=context, signal_handler_options=SignalHandlerOptions.NO)
    try:
        rclpy.create_node(
            "vla_doctor", context=context, start_parameter_services=False
        ).destroy_node()
        return str(rclpy.utilities.get_rmw_implementation_identifier())
    finally:
        context.shutdown()


def _simulator() -> str:
    import mujoco

    return f"MuJoCo {mujoco.__version__}"


def _rendering() -> str:
    from vla_sim.sensors.render_backend import select_backend

    backend, reason = select_backend("auto")
    return f"{backend.value} ({reason})"


def _perception() -> Iterator[Finding]:
    from vla_perception.config import VisionConfig
    from vla_perception.detect.backends import choose_detector

    choice = choose_detector(VisionConfig())
    if choice.complaint:
        yield Finding("perception", None, f"{choice.complaint} Depth and colour alone find things.")
        return
    if choice.caution:
        yield Finding("model file", None, choice.caution)
    detector = choice.detector
    yield Finding("perception", True, f"{detector.name} with {detector.model} on {detector.device}")


def _language_model() -> Finding:
    from vla_planner.llm.transport.access import find

    access = find(os.environ)
    if access.problem:
        return Finding("language model", None, f"{access.problem} The offline planner plans.")
    if importlib.util.find_spec("openai") is None:
        return Finding(
            "language model",
            None,
            "the Python package 'openai' is missing; the offline planner plans.",
        )
    return Finding("language model", True, f"at {access.server} (not asked now)")


def _speech() -> Iterator[Finding]:
    from vla_speech.audio.devices import why_no_microphone, why_no_sound_card
    from vla_speech.config import SpeechConfig, WhisperConfig
    from vla_speech.recognition.backends import choose

    choice = choose(SpeechConfig(), WhisperConfig())
    yield Finding("speech", True, f"{choice.backend}: {choice.reason}")
    for name, reason in (
        ("microphone", why_no_microphone()),
        ("sound card", why_no_sound_card()),
    ):
        yield Finding(name, None if reason else True, reason or "there is one")


def _optional(name: str, module: str | None, without: str, present: object) -> Finding:
    there = bool(present) and (module is None or importlib.util.find_spec(module) is not None)
    return Finding(name, True if there else None, "configured" if there else f"not here: {without}")
