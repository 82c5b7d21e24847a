# SPDX-License-Identifier: Apache-2.0
"""A server that speaks as much of OpenAI's protocol as the planner uses, on a real socket, and its faults.

`FakeOpenAi(*answers)` gives its answers in turn, the last one for ever. An answer is made by the functions below or is
a function of the request's body that returns one ("model"). What was asked is in `requests`.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from typing import Any

LONG_S = 30.0
"""Nothing takes that long; a test that waits so long fails."""
USAGE = {"prompt_tokens": 900, "completion_tokens": 40, "total_tokens": 940}


@dataclass
class Request:
    """closed: set when the client was seen to have closed the connection, at closed_s (monotonic)."""

    headers: dict[str, str]
    body: dict[str, Any]
    path: str = ""
    method: str = "POST"
    closed: threading.Event = field(default_factory=threading.Event)
    closed_s: float = 0.0

    def is_closed(self):
        self.closed_s = self.closed_s or time.monotonic()
        self.closed.set()


class Wire:
    """One connection while an answer is written to it."""

    def __init__(self, connection: socket.socket, request: Request) -> None:
        self.connection = connection
        self.request = request
        self.keep = True

    def head(self, status=200, content_type="text/event-stream", **headers):
        lines = [f"HTTP/1.1 {status} Status", f"Content-Type: {content_type}"]
        lines += ["Transfer-Encoding: chunked"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        self.raw(("\r\n".join(lines) + "\r\n\r\n").encode())

    def raw(self, data: bytes):
        self.connection.sendall(data)

    def send(self, data: bytes):
        self.raw(f"{len(data):x}\r\n".encode() + data + b"\r\n")

    def event(self, value):
        data = value if isinstance(value, bytes) else json.dumps(value).encode()
        self.send(b"data: " + data + b"\n\n")

    def end(self):
        self.raw(b"0\r\n\r\n")

    def cut(self, reset=False):
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.keep = False

    def wait_closed(self):
        """Until the client closes."""
        self.keep = False
        readable, _, _ = select.select([self.connection], [], [], LONG_S)
        if readable:
            with contextlib.suppress(OSError):
                self.connection.recv(1)
            self.request.is_closed()


class FakeOpenAi:
    """A context manager. url: for OPENAI_BASE_URL. about: what a GET of a path is answered with, none: 404."""

    def __init__(self, *answers, about=None) -> None:
        self.answers = list(answers)
        self.about = about or {}
        self.looked: list[str] = []
        self.requests: list[Request] = []
        self.arrived = threading.Semaphore(0)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            still_open = list(self._open)
        for connection in still_open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(LONG_S)

    @property
    def bodies(self):
        return [request.body for request in self.requests]

    def wait_for_request(self):
        assert self.arrived.acquire(timeout=LONG_S), "no request came"
        return self.requests[-1]

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        request = None
        with self._lock:
            self._open.add(connection)
        try:
            with connection, connection.makefile("rb") as source:
                while (request := _read(source)) is not None:
                    if request.method == "GET":
                        self.looked.append(request.path)
                        _told(Wire(connection, request), self.about.get(request.path))
                        continue
                    with self._lock:
                        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
                        self.requests.append(request)
                    self.arrived.release()
                    wire = Wire(connection, request)
                    while (
                        then := answer(wire) if _takes_wire(answer) else answer(request.body)
                    ) is not None:
                        answer = then  # a model that chose an answer
                    if not wire.keep:
                        return
        except (OSError, ValueError):  # also half a request
            if request is not None:
                request.is_closed()  # the client went away
        finally:
            with self._lock:
                self._open.discard(connection)


def _read(source):
    line = source.readline()
    if not line:
        return None
    headers = {}
    while (row := source.readline().strip()) != b"":
        name, _, value = row.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    body = source.read(int(headers.get("content-length", 0)))
    method, path, *_ = line.decode().split()
    return Request(headers, json.loads(body or b"{}"), path, method)


def _told(wire, value):
    wire.head(200 if value is not None else 404, "application/json")
    wire.send(json.dumps(value).encode())
    wire.end()


def _takes_wire(answer):
    return getattr(answer, "on_wire", False)


def on_wire(answer):
    """Mark a function as one that writes to the connection."""
    answer.on_wire = True
    return answer


# --- good answers -----------------------------------------------------------------------------------


def delta(content=None, calls=None, finish=None, **more):
    part = {**({"content": content} if content is not None else {}), **more}
    if calls is not None:
        part["tool_calls"] = calls
    return {
        "id": "x",
        "object": "chat.completion.chunk",
        "choices": [{"index": 0, "delta": part, "finish_reason": finish}],
    }


def events(*chunks, usage=USAGE, done=True, hold_after=None, gate=None):
    """Chunks as events. hold_after: so many, then silence until the client closes; gate: wait for it before each."""

    @on_wire
    def answer(wire):
        wire.head()
        for number, chunk in enumerate(chunks):
            if number == hold_after:
                return wire.wait_closed()
            if gate is not None:
                gate.wait(LONG_S)
            wire.event(chunk)
        if usage is not None and "stream_options" in wire.request.body:
            wire.event({"id": "x", "choices": [], "usage": usage})
        if done:
            wire.event(b"[DONE]")
        wire.end()
        return None

    return answer


def call_chunks(*calls, finish="tool_calls", size=7):
    """Function calls in fragments of `size` characters. calls: name, arguments (a dict, or a text as it is)."""
    out = [delta(role="assistant")]
    for index, (name, arguments) in enumerate(calls):
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        out.append(
            delta(
                calls=[
                    {
                        "index": index,
                        "id": f"call_{index}",
                        "type": "function",
                        "function": {"name": name, "arguments": ""},
                    }
                ]
            )
        )
        out += [
            delta(calls=[{"index": index, "function": {"arguments": text[i : i + size]}}])
            for i in range(0, len(text), size)
        ]
    return [*out, delta(finish=finish)]


def calls(*named, **more):
    """An answer of function calls, ended by finish_plan unless the last is a question or a refusal."""
    if not named or named[-1][0] not in ("finish_plan", "ask_person", "refuse"):
        named = (*named, ("finish_plan", {}))
    return events(*call_chunks(*named), **more)


def text(content, finish="stop", size=11, **more):
    parts = [content[i : i + size] for i in range(0, len(content), size)]
    return events(*[delta(content=part) for part in parts], delta(finish=finish), **more)


def plan_text(*steps, **more):
    """A whole plan in JSON. steps: skill, arguments, and what else the step has."""
    made = [
        {
            "skill": name,
            "arguments": arguments,
            "only_if": "always",
            "with_previous": False,
            **(rest[0] if rest else {}),
        }
        for name, arguments, *rest in steps
    ]
    value = {
        "outcome": "plan",
        "steps": made,
        "question": None,
        "choices": None,
        "kind": None,
        "reason": None,
    }
    return text(json.dumps(value), **more)


def in_one_piece(*named):
    """An answer of a server that does not stream."""
    made = [
        {"id": f"c{i}", "type": "function", "function": {"name": n, "arguments": json.dumps(a)}}
        for i, (n, a) in enumerate((*named, ("finish_plan", {})))
    ]
    value = {
        "choices": [{"index": 0, "message": {"tool_calls": made}, "finish_reason": "tool_calls"}],
        "usage": USAGE,
    }

    @on_wire
    def answer(wire):
        wire.head(content_type="application/json")
        wire.send(json.dumps(value).encode())
        wire.end()

    return answer


# --- faults -----------------------------------------------------------------------------------------


def error(status, message="no", param=None, code=None, **headers):
    """An error as OpenAI writes it."""
    body = {"error": {"message": message, "type": "error", "param": param, "code": code}}

    @on_wire
    def answer(wire):
        wire.head(status, "application/json", **headers)
        wire.send(json.dumps(body).encode())
        wire.end()

    return answer


def silent():
    """No byte until the client closes."""
    return on_wire(lambda wire: wire.wait_closed())


def hangs_up(reset=False):
    """The connection ends without an answer."""
    return on_wire(lambda wire: wire.cut(reset))


def cut_after(*chunks, reset=False):
    """The stream ends in the middle."""

    @on_wire
    def answer(wire):
        wire.head()
        for chunk in chunks:
            wire.event(chunk)
        wire.cut(reset)

    return answer


def raw_events(*data):
    """Events that are not JSON, or bytes that are no events."""

    @on_wire
    def answer(wire):
        wire.head()
        for part in data:
            wire.send(part)
        wire.end()

    return answer


def endless(chunk, status=200):
    """The same event, or bytes, until the client closes."""
    data = chunk if isinstance(chunk, bytes) else b"data: " + json.dumps(chunk).encode() + b"\n\n"

    @on_wire
    def answer(wire):
        wire.head(status)
        wire.keep = False
        while True:
            wire.send(data)

    return answer


def compressed():
    @on_wire
    def answer(wire):
        wire.head(Content_Encoding="gzip")
        wire.send(b"\x1f\x8b" + bytes(100))
        wire.end()

    return answer


def redirect(url):
    @on_wire
    def answer(wire):
        wire.head(307, "text/plain", Location=url)
        wire.end()

    return answer
