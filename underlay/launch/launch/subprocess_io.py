"""One child process on an asyncio loop: started, heard, signalled, waited for.

Decides how the child is connected: pipes, or pseudo terminals when it should think that it
writes to one. What is done with output and exit codes is left to the caller.
"""

from __future__ import annotations

import asyncio
import os
import pty
from collections.abc import Callable, Mapping, Sequence

# A grandchild may hold the child's output open for ever: after the child's end, output is
# awaited this long only.
OUTPUT_GRACE_S = 0.5

StartCallback = Callable[[int], None]
OutputCallback = Callable[[int, bytes], None]


class ChildProcess(asyncio.SubprocessProtocol):
    """A started child; `on_start` gets its pid, then `on_output` 1 or 2 and the bytes."""

    def __init__(self, on_start: StartCallback, on_output: OutputCallback) -> None:
        self._on_start = on_start
        self._on_output = on_output
        self._loop = asyncio.get_running_loop()
        self._exited: asyncio.Future[None] = self._loop.create_future()
        self._open_outputs = 0
        self._outputs_closed = asyncio.Event()
        self._masters: list[int] = []
        self._transport: asyncio.SubprocessTransport | None = None

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._transport is not None
        return self._transport.get_pid()

    @property
    def returncode(self) -> int | None:
        """The exit code, negative for a signal, None while it runs."""
        return None if self._transport is None else self._transport.get_returncode()

    @property
    def running(self) -> bool:
        """Whether it has not been seen to end."""
        return not self._exited.done()

    def send_signal(self, number: int) -> None:
        """Send a signal; ProcessLookupError if the child is gone."""
        assert self._transport is not None
        self._transport.send_signal(number)

    async def wait(self) -> int:
        """Wait for the end and for the output up to it; return the exit code."""
        await self._exited
        if self._open_outputs:
            try:
                await asyncio.wait_for(self._outputs_closed.wait(), OUTPUT_GRACE_S)
            except asyncio.TimeoutError:
                pass
        code = self.returncode
        assert code is not None
        return code

    def close(self) -> None:
        """Let go of pipes and terminals; a child that still runs is killed."""
        for master in list(self._masters):
            self._close_master(master)
        if self._transport is not None:
            self._transport.close()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport and tell of the start, which is before any output."""
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport
        self._on_start(self.pid)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Pass output on."""
        self._on_output(fd, data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Note the end of an output; fd 0 is the input."""
        if fd in (1, 2):
            self._output_closed()

    def process_exited(self) -> None:
        """Note the end of the child."""
        if not self._exited.done():
            self._exited.set_result(None)

    def _output_closed(self) -> None:
        self._open_outputs -= 1
        if self._open_outputs == 0:
            self._outputs_closed.set()

    # Pseudo terminals.

    def _open_terminal(self, fd: int) -> int:
        """Return the child's side of a new terminal whose output counts as `fd`'s.

        As terminals do, it turns the ends of lines into carriage return and line feed.
        """
        master, slave = pty.openpty()
        os.set_blocking(master, False)
        self._masters.append(master)
        self._loop.add_reader(master, self._read_terminal, master, fd)
        return slave

    def _read_terminal(self, master: int, fd: int) -> None:
        try:
            data = os.read(master, 65536)
        except BlockingIOError:
            return
        except OSError:  # the child's side is closed
            data = b""
        if data:
            self._on_output(fd, data)
        else:
            self._close_master(master)
            self._output_closed()

    def _close_master(self, master: int) -> None:
        self._loop.remove_reader(master)
        self._masters.remove(master)
        os.close(master)


async def start_child(
    cmd: Sequence[str],
    *,
    on_start: StartCallback,
    on_output: OutputCallback,
    cwd: str | None,
    env: Mapping[str, str] | None,
    shell: bool = False,
    emulate_tty: bool = False,
) -> ChildProcess:
    """Start `cmd` in this process's group; OSError if that cannot be done.

    With `shell`, the parts are joined by spaces and given to the shell as they are. Standard
    input is a pipe that nothing is written to and that closes when the child is let go of.
    """
    loop = asyncio.get_running_loop()
    child = ChildProcess(on_start, on_output)
    child._open_outputs = 2
    slaves: list[int] = []
    stdout = stderr = asyncio.subprocess.PIPE
    try:
        if emulate_tty:
            slaves.append(child._open_terminal(1))
            slaves.append(child._open_terminal(2))
            stdout, stderr = slaves
        if shell:
            await loop.subprocess_shell(
                lambda: child, " ".join(cmd), cwd=cwd, env=env, stdout=stdout, stderr=stderr
            )
        else:
            await loop.subprocess_exec(
                lambda: child, *cmd, cwd=cwd, env=env, stdout=stdout, stderr=stderr
            )
    except BaseException:
        child.close()
        raise
    finally:
        for slave in slaves:
            os.close(slave)
    return child
