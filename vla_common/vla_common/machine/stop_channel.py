# SPDX-License-Identifier: Apache-2.0
"""The way to a stop that needs no middleware: a named pipe for each process that can stop the robot.

`./vla stop` writes one line into the pipes of the running system and reads the answers from a pipe of its own; bash
can do that by itself, in milliseconds, on a machine where starting Python and discovering nodes takes seconds. Decides
who may use it (only the same user: a folder of mode 0700 that belongs to them), which pipe belongs to which system
(domain and namespace are in its name), and what is answered. What a stop is, the node says.

An order is the line `stop <name of the pipe for answers> <reason>`; answers are `<role> <pid>,<number> told` as soon as
the stop is in force, and `<role> <pid>,<number> <outcome code> <sentence>` when it is known whether the robot stands
still.
"""

from __future__ import annotations

import itertools
import os
import select
import stat
import threading
import traceback
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from vla_common.contracts.outcomes import Code, Result
from vla_common.language import foreign_text
from vla_common.machine.processes import ProcessState, own_identity, process_state, same_machine

SUFFIX = ".stop"
NAMES_SUFFIX = ".names"
ANSWER_PREFIX = "answer-"
LOOK_PERIOD_S = 1.0
"""How often it is looked whether the pipe is still there: folders for temporary files get tidied up."""
LONGEST_ORDER = 4096
MOST_ANSWERS = 64
_count = itertools.count()


def runtime_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the pipes are: the same for everybody who logs in as this user, and found by setup/stop.bash alike."""
    return Path(environment.get("VLA_RUNTIME_DIR") or f"/tmp/vla-{os.getuid()}")


def make_folder(folder: Path) -> None:
    """Nobody else may enter it. Errors: OSError when somebody else has made it before."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise OSError(f"{folder} is not a folder of this user")
    if stat.S_IMODE(found.st_mode) & 0o077:
        folder.chmod(0o700)


def pipe_name(domain: int, namespace: str, role: str, pid: int, start: int, number: int) -> str:
    """Names of ROS hold neither commas nor dots."""
    parts = [part for part in namespace.split("/") if part]
    return ",".join((str(domain), ".".join(parts), role, str(pid), str(start), str(number)))


def clear_stale(folder: Path) -> None:
    """Remove what processes have left behind that are gone."""
    own = own_identity()
    for path in folder.iterdir():
        fields = path.name.rsplit(".", 1)[0].split(",")
        if path.suffix not in (SUFFIX, NAMES_SUFFIX) or len(fields) != 6:
            continue
        if not (fields[3].isdecimal() and fields[4].isdecimal()):
            continue
        identity = same_machine(own, int(fields[3]), int(fields[4]))
        if process_state(identity) is ProcessState.GONE:
            path.unlink(missing_ok=True)


class StopChannel:
    """Listens from its creation to `close`, on a thread of its own. Errors: OSError when it can't.

    latch: stops at once and does not wait; its argument is the reason. confirm: waits until it is known whether the
    robot stands still. Both may raise; what they raise is logged and answered. names: remapping rules
    (`cmd_vel:=/cmd_vel`), kept for whoever has to stop the robot when this process no longer can.
    """

    def __init__(
        self,
        domain: int,
        namespace: str,
        role: str,
        latch: Callable[[str], None],
        confirm: Callable[[], Result],
        log: Callable[[str], None],
        names: Iterable[str] = (),
        folder: Path | None = None,
    ) -> None:
        self._latch, self._confirm, self._log = latch, confirm, log
        self._folder = folder or runtime_folder()
        make_folder(self._folder)
        clear_stale(self._folder)
        identity = own_identity()
        number = next(_count)
        name = pipe_name(domain, namespace, role, identity.pid, identity.start, number)
        self._who = f"{role} {identity.pid},{number}"
        self.path = self._folder / (name + SUFFIX)
        self._names = self._folder / (name + NAMES_SUFFIX)
        self._write_names(list(names))
        self._wake_in, self._wake_out = os.pipe()
        self._lock = threading.Lock()
        self._waiting: list[str] = []
        self._ordered = threading.Event()
        self._over = False
        self._pipe = self._open()
        self._threads = [
            threading.Thread(target=work, name=f"stop {what}", daemon=True)
            for what, work in (("orders", self._listen), ("answers", self._answer_all))
        ]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """No orders any more; what was ordered is still answered."""
        if self._over:
            return
        self._over = True
        for path in (self.path, self._names):
            path.unlink(missing_ok=True)
        os.write(self._wake_out, b".")
        self._ordered.set()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(2.0)

    def _open(self) -> int:
        if not self.path.exists():
            os.mkfifo(self.path, 0o600)
        # Open for writing too: otherwise every writer that closes it would be an end of file.
        return os.open(self.path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)

    def _write_names(self, names: list[str]) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        with open(os.open(self._names, flags, 0o600), "w", encoding="utf-8") as file:
            file.write("".join(f"{name}\n" for name in names))

    # --- orders -----------------------------------------------------------------------------------

    def _listen(self) -> None:
        rest = b""
        while not self._over:
            ready, _, _ = select.select([self._pipe, self._wake_in], [], [], LOOK_PERIOD_S)
            if self._over:
                break
            if self._pipe not in ready:
                self._keep_there()
                continue
            try:
                data = os.read(self._pipe, 65536)
            except OSError:
                continue
            *lines, rest = (rest + data).split(b"\n")
            if len(rest) > LONGEST_ORDER:
                rest = b""
            for line in lines:
                self._order(line.decode("utf-8", "replace"))
        os.close(self._pipe)

    def _keep_there(self) -> None:
        try:
            found = self.path.lstat()
            opened = os.fstat(self._pipe)
            if (found.st_dev, found.st_ino) == (opened.st_dev, opened.st_ino):
                return
            self.path.unlink()
        except FileNotFoundError:
            pass
        except OSError as error:
            self._log(f"the pipe for stop orders: {error}")
            return
        if self._over:
            return
        try:
            make_folder(self._folder)
            pipe, self._pipe = self._pipe, self._open()
            os.close(pipe)
        except OSError as error:
            self._log(f"the pipe for stop orders is gone and can't be made anew: {error}")

    def _order(self, line: str) -> None:
        words = line.split(" ", 2)
        if words[0] != "stop":
            self._log(f"ignored what is no stop order: {line[:80]!r}")
            return
        reason = words[2] if len(words) > 2 else ""
        answer = words[1] if len(words) > 1 else ""
        try:
            self._latch(reason[:200])
        except Exception:
            self._log(f"stopping at once failed:\n{traceback.format_exc()}")
        else:
            self._tell(answer, "told")
        with self._lock:
            self._waiting = [*self._waiting, answer][-MOST_ANSWERS:]
        self._ordered.set()

    def _answer_all(self) -> None:
        while True:
            self._ordered.wait()
            self._ordered.clear()
            with self._lock:
                answers, self._waiting = self._waiting, []
            if answers:
                try:
                    result = self._confirm()
                except Exception:
                    self._log(f"confirming a stop failed:\n{traceback.format_exc()}")
                    result = Result(Code.STOP_UNCONFIRMED, "A defect; the log has the trace.")
                for answer in answers:
                    self._tell(answer, f"{int(result.code)} {plain(result.message)}")
            elif self._over:
                return

    def _tell(self, answer: str, text: str) -> None:
        """Into the pipe of whoever asked; never waits, and writes into nothing but a pipe of this folder."""
        if not answer.startswith(ANSWER_PREFIX) or "/" in answer:
            return
        try:
            flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
            pipe = os.open(self._folder / answer, flags)
        except OSError:
            return  # whoever asked has gone
        try:
            found = os.fstat(pipe)
            if stat.S_ISFIFO(found.st_mode) and found.st_uid == os.getuid():
                os.write(pipe, f"{self._who} {text}\n".encode()[:1024])
        except OSError:
            pass
        finally:
            os.close(pipe)


def plain(text: str) -> str:
    """One line that may stand in a terminal and between quotes."""
    text = text.replace('"', "'").replace("\\", "/")
    return foreign_text.line(text, 500)
