# SPDX-License-Identifier: Apache-2.0
"""One request to a language model: sent, streamed, put together, and aborted when nobody wants it any more.

The only module that knows the `openai` package. All requests run on one event loop in one daemon thread; whoever asks
waits in its own thread and looks after cancels meanwhile. Nothing is sent but requests. What to ask, how often and
what the answer means is decided in `openai_backend`.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vla_common.contracts.outcomes import Code, VlaError
from vla_planner.llm.transport.access import Access
from vla_planner.llm.transport.retry import Failure, RequestError, retry_after_s
from vla_planner.llm.transport.stream import Assembler, CutStreamError, Reply

POLL_S = 0.005
"""How often a waiting thread looks whether it was canceled."""
END_S = 2.0
"""Longest wait for a request that was aborted to let go of its connection."""
DRAIN_S = 0.1
"""Longest wait for the end of a stream after its last event."""
MAX_ERROR_BYTES = 20_000
MAX_BYTES = 4_000_000
"""Of one answer on the wire; an event per token takes some 300."""


@dataclass(frozen=True)
class Limits:
    """Times in seconds. total_s: for all of the request. calls, events: most in an answer."""

    total_s: float
    connect_s: float
    first_token_s: float
    calls: int
    events: int


class ChatClient:
    """Errors of the constructor: PLANNER_UNAVAILABLE where `openai` is not installed."""

    def __init__(self, access: Access) -> None:
        try:
            import httpx2
            import openai
        except ImportError as error:
            raise VlaError(
                Code.PLANNER_UNAVAILABLE,
                f"A language model needs the Python package openai; 'pip install openai' ({error}).",
            ) from error
        self._openai: Any = openai
        self._httpx: Any = httpx2
        self._client = self._connection(access)
        # Loading what that takes here costs some tenths of a second once, and not those of the first command.
        self._completions = self._client.chat.completions.with_streaming_response
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    # --- from any thread ----------------------------------------------------------------------------

    def ask(self, body: Mapping[str, Any], limits: Limits, canceled: Callable[[], bool]) -> Reply:
        """The answer. Errors: RequestError; VlaError (CANCELED, PLANNING_TIMEOUT, and of the `Assembler`)."""
        future = self._submit(self._outcome(body, limits))
        end = time.monotonic() + limits.total_s
        while not canceled():
            try:
                outcome = future.result(POLL_S)
                if isinstance(outcome, Exception):
                    raise outcome
                return outcome
            except concurrent.futures.CancelledError:
                raise _shut_down() from None
            except concurrent.futures.TimeoutError:
                if time.monotonic() > end:
                    future.cancel()
                    raise VlaError(
                        Code.PLANNING_TIMEOUT, "The language model did not answer in time."
                    ) from None
        future.cancel()  # the loop closes the connection as the next thing it does
        raise VlaError(Code.CANCELED, "Planning was canceled.")

    def look(self, path: str, wait_s: float) -> Any:
        """What the server answers to a GET of "/models", beside the other requests, or of "/props" at its root: JSON.
        None where it can't be had in time.
        """
        with contextlib.suppress(Exception):
            future = self._submit(self._look(path, wait_s))
            try:
                return future.result(wait_s + POLL_S)
            finally:
                future.cancel()
        return None

    async def _look(self, path: str, wait_s: float) -> Any:
        url = path
        if path == "/props":  # llama.cpp has it above the protocol's version
            base = str(self._client.base_url).rstrip("/")
            url = base.removesuffix("/v1") + path
        response = await self._client.get(
            url, cast_to=self._httpx.Response, options={"timeout": max(wait_s, POLL_S)}
        )
        return response.json()

    def close(self) -> None:
        """Abort what runs, close the connections and end the thread. May be called twice."""
        with self._lock:
            self._closed = True
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._end(), loop)
        thread.join(END_S)

    def _submit(self, work: Any) -> concurrent.futures.Future[Reply | Exception]:
        with self._lock:
            if self._closed:
                work.close()
                raise _shut_down()
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._run, args=(self._loop,), name="language_model", daemon=True
                )
                self._thread.start()
            return asyncio.run_coroutine_threadsafe(work, self._loop)

    @staticmethod
    def _run(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
            loop.run_until_complete(loop.shutdown_asyncgens())
        finally:
            loop.close()

    # --- on the loop --------------------------------------------------------------------------------

    async def _end(self) -> None:
        loop = asyncio.get_running_loop()
        others = [task for task in asyncio.all_tasks(loop) if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._client.close()
        loop.stop()

    def _connection(self, access: Access) -> Any:
        """The client of the `openai` package; it connects with its first request."""
        # An answer comes from the address that was set, or not at all: no redirects.
        http = self._httpx.AsyncClient(
            follow_redirects=False,
            event_hooks={"response": [self._bound]},
            trust_env=not access.is_local,  # no proxy leads to this machine
        )
        return self._openai.AsyncOpenAI(
            api_key=access.key or "none",
            base_url=access.base_url,
            max_retries=0,
            http_client=http,
            default_headers={"Accept-Encoding": "identity"},
        )

    async def _bound(self, response: Any) -> None:
        """Before the body is read: no compressed answers, and never more than a fixed number of bytes."""
        encoding = response.headers.get("content-encoding", "identity")
        if encoding != "identity":
            raise RequestError(Failure.REFUSED, response.status_code, "a compressed answer")
        status = response.status_code
        if status == 200:
            limit = MAX_BYTES
            error: Exception = VlaError(
                Code.INVALID_PLAN, "The language model's answer is too long to be read."
            )
        else:
            limit = MAX_ERROR_BYTES
            error = RequestError(Failure.REFUSED, status, "an error that is too long to be read")
        response.stream = _bounded_stream(self._httpx, response.stream, limit, error)

    async def _outcome(self, body: Mapping[str, Any], limits: Limits) -> Reply | Exception:
        """The error as a value: after a cancel nobody would take an exception."""
        try:
            return await self._request(body, limits)
        except Exception as error:
            return error

    async def _request(self, body: Mapping[str, Any], limits: Limits) -> Reply:
        """Errors: RequestError, and VlaError of the `Assembler`; nothing else."""
        assembler = Assembler(limits.calls, limits.events)
        watch = _FirstToken(min(limits.first_token_s, limits.total_s))
        try:
            return await self._stream(body, assembler, watch, limits)
        except asyncio.CancelledError:
            if watch.fired:
                raise RequestError(Failure.SILENT) from None
            raise
        except CutStreamError as error:
            raise _cut(assembler, error.text) from None
        except self._openai.APIStatusError as error:
            raise RequestError(
                Failure.REFUSED,
                error.status_code,
                _words_of(error),
                retry_after_s(error.response.headers.get("retry-after")),
            ) from None
        except Exception as error:
            raise self._named(error, assembler) from None
        finally:
            watch.end()

    def _named(self, error: BaseException, assembler: Assembler) -> Exception:
        """What an exception of the libraries below means; our own come wrapped in theirs."""
        inner: BaseException | None = error
        while inner is not None:
            if isinstance(inner, (RequestError, VlaError)):
                return inner
            if isinstance(inner, (self._httpx.ConnectError, self._httpx.ConnectTimeout)):
                return RequestError(Failure.UNREACHABLE)
            inner = inner.__cause__ or inner.__context__
        return _cut(assembler, type(error).__name__)

    async def _stream(
        self, body: Mapping[str, Any], assembler: Assembler, watch: _FirstToken, limits: Limits
    ) -> Reply:
        fields = dict(body)
        named = {key: fields.pop(key) for key in ("model", "messages", "stream")}
        # The time of the whole answer is kept in `ask`, that of its beginning by the watch.
        timeout = self._httpx.Timeout(None, connect=limits.connect_s)
        whole = bytearray()
        async with self._completions.create(
            **named, extra_body=fields, timeout=timeout
        ) as response:
            streamed = "event-stream" in response.headers.get("content-type", "")
            parts: AsyncIterator[bytes] = response.iter_bytes()
            async for data in parts:
                if not streamed:
                    whole += data
                    continue
                assembler.feed(data)
                if assembler.begun:
                    watch.end()
                if assembler.done:
                    # Read to the end, so that the connection serves the next command as well.
                    with contextlib.suppress(asyncio.TimeoutError):
                        await asyncio.wait_for(_drain(parts), DRAIN_S)
                    break
        if whole.lstrip()[:5] == b"data:":
            assembler.feed(bytes(whole))
        elif whole:  # a server that answers in one piece
            assembler.chunk(bytes(whole))
        return assembler.finish()


async def _drain(parts: AsyncIterator[bytes]) -> None:
    async for _ in parts:
        pass


class _FirstToken:
    """Cancels the task that made it, unless the first token comes in time."""

    def __init__(self, wait_s: float) -> None:
        self.fired = False
        self._task = asyncio.current_task()
        self._timer = asyncio.get_running_loop().call_later(wait_s, self._fire)

    def _fire(self) -> None:
        self.fired = True
        if self._task is not None:
            self._task.cancel()

    def end(self) -> None:
        self._timer.cancel()


def _shut_down() -> VlaError:
    return VlaError(Code.PLANNER_UNAVAILABLE, "The language model was shut down.")


def _bounded_stream(httpx: Any, inner: Any, limit: int, error: Exception) -> Any:
    class Bounded(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            total = 0
            async for data in inner:
                total += len(data)
                if total > limit:
                    raise error
                yield data

        async def aclose(self) -> None:
            await inner.aclose()

    return Bounded()


def _cut(assembler: Assembler, text: str) -> RequestError:
    error = RequestError(Failure.CUT, text=text)
    error.characters = assembler.characters + assembler.thoughts
    return error


def _words_of(error: Any) -> str:
    """The server's words as far as they help: its message, its code and the field that it names."""
    text = f"{error.param or ''} {error.code or ''} {error.message}"[:1000]
    body = error.body if isinstance(error.body, dict) else {}
    for key in ("n_ctx", "n_prompt_tokens"):  # llama.cpp's, of a prompt that is too long
        if type(body.get(key)) is int:
            text += f" {key} {body[key]}"
    return text
