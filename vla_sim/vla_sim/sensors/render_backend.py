# SPDX-License-Identifier: Apache-2.0
"""Which way of drawing works on this machine.

Decides between EGL, OSMesa and our own ray caster by trying each in a process of its own, because a broken GL driver
may abort the process and because MuJoCo reads ``MUJOCO_GL`` once, when it is imported. This module must therefore not
import mujoco, and :func:`select_backend` has to run before anything that does.
"""

from __future__ import annotations

import os
import subprocess
import sys
from enum import Enum

PROBE_TIMEOUT_S = 20.0

_PROBE = """
import mujoco
model = mujoco.MjModel.from_xml_string(
    '<mujoco><worldbody><light pos="0 0 3"/><geom size="1"/></worldbody></mujoco>')
data = mujoco.MjData(model)
mujoco.mj_forward(model, data)
with mujoco.Renderer(model, 32, 32) as renderer:
    renderer.update_scene(data)
    assert renderer.render().any()
"""


class Backend(str, Enum):
    """Ways to draw camera images."""

    EGL = "egl"
    OSMESA = "osmesa"
    RAYCAST = "raycast"


class BackendError(RuntimeError):
    """The wanted backend does not work here; the text says what to install."""


HINTS = {
    Backend.EGL: "install libegl1 libopengl0 libgl1-mesa-dri (Debian, Ubuntu)",
    Backend.OSMESA: "install libosmesa6 (Debian, Ubuntu)",
}


def probe(backend: Backend) -> str:
    """Try a backend in a subprocess; '' when it works, else the last line of what it complained about."""
    if backend is Backend.RAYCAST:
        return ""
    environment = {**os.environ, "MUJOCO_GL": backend.value, "PYOPENGL_PLATFORM": backend.value}
    try:
        done = subprocess.run(
            [sys.executable, "-c", _PROBE],
            env=environment,
            capture_output=True,
            text=True,
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no picture within {PROBE_TIMEOUT_S:.0f} s"
    if done.returncode == 0:
        return ""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1].strip() if lines else f"the trial process ended with {done.returncode}"


def select_backend(wanted: str) -> tuple[Backend, str]:
    """Choose a backend and set the environment for it.

    Args:
        wanted: 'auto' or a backend's name.

    Returns:
        The backend, and why it was chosen, in words.

    Raises:
        BackendError: when a backend named explicitly does not work, or the name is unknown.
    """
    if wanted == "auto":
        complaints: list[str] = []
        for backend in Backend:
            complaint = probe(backend)
            if not complaint:
                _set_environment(backend)
                return backend, "; ".join([*complaints, f"{backend.value} works"])
            complaints.append(f"{backend.value} does not work ({complaint})")
        raise AssertionError("the ray caster needs no probe")
    try:
        backend = Backend(wanted)
    except ValueError:
        names = ", ".join(["auto", *(b.value for b in Backend)])
        raise BackendError(f"unknown render backend {wanted!r}; known are {names}") from None
    complaint = probe(backend)
    if complaint:
        raise BackendError(
            f"render backend {wanted} does not work here: {complaint}; {HINTS[backend]}"
        )
    _set_environment(backend)
    return backend, "as configured"


def _set_environment(backend: Backend) -> None:
    if backend is Backend.RAYCAST:
        # No GL library is touched then, whether or not there is one.
        os.environ["MUJOCO_GL"] = "disable"
    else:
        os.environ["MUJOCO_GL"] = backend.value
        os.environ["PYOPENGL_PLATFORM"] = backend.value
        # Mesa's software renderer with threads of its own takes twice as long a frame on a busy machine.
        os.environ.setdefault("LP_NUM_THREADS", "0")
