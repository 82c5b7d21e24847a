# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
"""One child process on an asyncio loop: started, heard, signalled, waited for.

What is done with output and exit codes is left to the caller.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

OUTPUT_GRACE_S = 0.5
"""A grandchild may hold the child's output open forever: after the child's end, its output is awaited this long."""

StartCallback = Callable[[int], None]
OutputCallback = Callable[[int, bytes], None]


class ChildProcess(asyncio.SubprocessProtocol):
    """A started child.

    Args:
        on_start: called with the pid, before any output.
        on_output: called with 1 (stdout) or 2 (stderr) and the bytes.
    """

    def __init__(self, on_start: StartCallback, on_output: OutputCallback) -> None:
        self._on_start = on_start
        self._on_output = on_output
        self._exited: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._open_outputs = {1, 2}
        self._outputs_closed = asyncio.Event()
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
        """Sends a signal.

        Raises:
            ProcessLookupError: when the child is gone.
        """
        assert self._transport is not None
        self._transport.send_signal(number)

    async def wait(self) -> int:
        """Waits for the end and for the output up to it; returns the exit code."""
        await self._exited
        try:
            await asyncio.wait_for(self._outputs_closed.wait(), OUTPUT_GRACE_S)
        except asyncio.TimeoutError:
            pass
        code = self.returncode
        assert code is not None
        return code

    def close(self) -> None:
        """Lets go of the pipes; a child that still runs is killed, as asyncio does."""
        if self._transport is not None:
            self._transport.close()

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport and tells of the start."""
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport
        self._on_start(self.pid)

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        """Passes output on."""
        self._on_output(fd, data)

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        """Notes the end of an output; fd 0 is the input."""
        self._open_outputs.discard(fd)
        if not self._open_outputs:
            self._outputs_closed.set()

    def process_exited(self) -> None:
        """Notes the end of the child."""
        if not self._exited.done():
            self._exited.set_result(None)


async def start_child(
    cmd: Sequence[str],
    *,
    on_start: StartCallback,
    on_output: OutputCallback,
    env: Mapping[str, str],
) -> ChildProcess:
    """Starts `cmd` in this process's group, with a standard input that nothing is written to.

    Raises:
        OSError: when that can't be done.
    """
    loop = asyncio.get_running_loop()
    child = ChildProcess(on_start, on_output)
    await loop.subprocess_exec(lambda: child, *cmd, env=env)
    return child
