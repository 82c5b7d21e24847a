# SPDX-License-Identifier: Apache-2.0
"""A system of one's own: started, ready, with its processes by name; restarted when asked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import psutil
import yaml
from ament_index_python.packages import get_package_share_directory
from vla_interfaces.msg import SystemStatus

from vla_bringup.client.ros.system_client import SystemClient
from vla_bringup.client.system_process import SystemProcess, own_domain

START_TIMEOUT_S = 120.0
STAGES = ("perception", "planner", "executor", "state_manager")
SIM = "sim"
COMPOSED = "composed"


class OwnSystem:
    """A context manager. `client` speaks with it from a ROS domain of its own."""

    def __init__(
        self,
        folder: Path,
        arguments: Mapping[str, str],
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """environment: what the system's processes get on top of this process's own."""
        self.folder = folder
        self.domain = own_domain()
        os.environ["ROS_DOMAIN_ID"] = str(self.domain)
        self._environment = dict(environment or {})
        self._arguments = {**arguments, "config_file": self._own_parameters(arguments)}
        self._starts = 0
        self.process = self._launch()
        self.client = SystemClient(name="test")

    def _own_parameters(self, arguments: Mapping[str, str]) -> str:
        """The parameter file, with this folder and the one around it as those where worlds belong."""
        share = Path(get_package_share_directory("vla_bringup"))
        source = Path(arguments.get("config_file") or share / "config" / "vla_system.yaml")
        content = yaml.safe_load(source.read_text(encoding="utf-8"))
        parameters = content["/**"]["ros__parameters"]
        parameters.setdefault("sim", {})["world_folders"] = [
            str(f.resolve()) for f in (self.folder, self.folder.parent)
        ]
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / "parameters.yaml"
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return str(path)

    @property
    def composed(self) -> bool:
        return self._arguments.get("composed") == "true"

    @property
    def home(self) -> Path:
        """ROS_HOME of its processes."""
        return self.process.log.parent

    def _launch(self) -> SystemProcess:
        self._starts += 1
        folder = self.folder / f"system-{self._starts}"
        folder.mkdir(parents=True, exist_ok=True)
        before = dict(os.environ)
        os.environ.update(self._environment)
        try:
            return SystemProcess(self._arguments, folder / "launch.log", self.domain)
        finally:
            os.environ.clear()
            os.environ.update(before)

    def wait_until_ready(self, timeout_s: float = START_TIMEOUT_S) -> None:
        """Errors: RuntimeError with the end of the log."""
        status = self.client.wait_for_status(
            lambda s: s.state == SystemStatus.IDLE, timeout_s, self.process.ended
        )
        if status is None:
            raise RuntimeError("the system did not get ready:\n" + self.process.log_tail())

    def restart(self) -> None:
        """A new system and a new client; nothing of the old one is left."""
        self.close()
        self.process = self._launch()
        self.client = SystemClient(name="test")
        self.wait_until_ready()

    def processes(self) -> dict[str, psutil.Process]:
        """The nodes' processes by the node's name (`composed` for all stages in one). Dead ones are missing."""
        found: dict[str, psutil.Process] = {}
        names = {f"{name}_node": name for name in (*STAGES, SIM, COMPOSED)}
        for child in psutil.Process(self.process.pid).children(recursive=True):
            try:
                words = child.cmdline()
                if child.status() == psutil.STATUS_ZOMBIE:
                    continue
            except psutil.NoSuchProcess:
                continue
            for word in words[:2]:
                name = names.get(Path(word).name)
                if name is not None:
                    found[name] = child
        return found

    def process_of(self, node: str) -> psutil.Process | None:
        """The process that a node lives in."""
        name = COMPOSED if self.composed and node != SIM else node
        return self.processes().get(name)

    def close(self) -> None:
        self.client.close()
        # A stopped process can't end by itself.
        for process in self.processes().values() if not self.process.ended() else ():
            try:
                process.resume()
            except psutil.NoSuchProcess:
                pass
        self.process.end()

    def __enter__(self) -> OwnSystem:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
