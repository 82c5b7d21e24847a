# SPDX-License-Identifier: Apache-2.0
"""The backend `openai`: a language model behind any server that speaks OpenAI's protocol proposes the plan.

Decides when to ask, how often, for how long and at what cost. What is sent is decided in `llm_prompt` and `llm_tools`,
what an answer means in `llm_reply`, and whether it becomes a plan in `validator`. Nothing is asked without a command.
"""

from __future__ import annotations

import json
import logging
import os
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.skills import Step
from vla_planner.config import LlmConfig, PlannerConfig
from vla_planner.core.backend import AmbiguousError, PlanRequest, Proposal
from vla_planner.core.planning import MAX_REPAIRS
from vla_planner.llm import prompt as llm_prompt
from vla_planner.llm.context import ContextSize, Overflow, model_names, overflow, told_limit
from vla_planner.llm.context import sentence as too_long
from vla_planner.llm.reply import steps_of_calls, steps_of_text
from vla_planner.llm.strict_json import shown
from vla_planner.llm.transport import access
from vla_planner.llm.transport.budget import (
    CommandCaps,
    CommandLog,
    DayUsage,
    Ledger,
    Spent,
    Terms,
    usage_path,
)
from vla_planner.llm.transport.client import ChatClient, Limits
from vla_planner.llm.transport.cooldown import Rest
from vla_planner.llm.transport.retry import (
    Failure,
    RequestError,
    Retries,
    is_about_model,
    sentence_of,
)
from vla_planner.llm.transport.stream import Reply, Usage
from vla_planner.llm.transport.tokens import TokenEstimate, believable
from vla_planner.llm.transport.traits import ServerTraits
from vla_planner.llm.wrapping import without_thoughts

SHARE_OF_TIME = 0.9
"""Of `planner.timeout_s`; the rest is for the backend that plans when this one does not answer."""
EVENTS = 10_000
"""A token is one event as a rule; so many more are permitted besides, for servers that do not count thoughts."""
LEAST_DETAIL = len(llm_prompt.DETAILS) - 1
LOOK_S = 2.0
"""Longest wait for what a server says of itself."""
_log = logging.getLogger(__name__)


@dataclass
class _Command:
    """What is kept from a proposal to its repairs.

    spent: on this command until now; answered: the server has answered a request for it;
    prose, other: how many answers were nothing but prose, and whether one was not.
    """

    command: str
    begun_s: float
    spent: Spent = field(default_factory=Spent)
    answer: str = ""
    answered: bool = False
    prose: int = 0
    other: bool = False
    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass
class _Talk:
    """One proposal: what is known of it while the model is asked."""

    request: PlanRequest
    max_steps: int
    command: _Command
    end_s: float
    retries: Retries
    steps: list[Step] = field(default_factory=list)
    rounds: list[dict[str, Any]] = field(default_factory=list)
    sent: bool = False
    detail: int = 0
    limit: int = 0
    """Of the answer that was asked for last, in tokens."""
    made: dict[int, llm_prompt.Prompt] = field(default_factory=dict)

    @property
    def prompt(self) -> llm_prompt.Prompt:
        """With the detail that fits, as far as is known."""
        if self.detail not in self.made:
            detail = llm_prompt.DETAILS[self.detail]
            self.made[self.detail] = llm_prompt.make(self.request, detail, self.max_steps)
        return self.made[self.detail]

    def ran_out(self, error: VlaError, now_s: float) -> bool:
        """Whether it was our time that ended, which says nothing of the server: nothing was asked any more, or a
        server that had answered before was given only what was left.
        """
        if error.code is not Code.PLANNING_TIMEOUT:
            return False
        return not self.sent or (self.command.answered and now_s >= self.end_s)


class OpenAiBackend:
    """Proposes what a language model answers. May be asked from several threads at once."""

    name = "openai"
    repairs = True
    partial = False

    def __init__(
        self,
        planner_config: PlannerConfig,
        llm_config: LlmConfig,
        environ: Mapping[str, str] = os.environ,
        *,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """jitter: numbers from 0 to 1. Errors: INVALID_CONFIG for a cap on cost without prices."""
        self._planner = planner_config
        self._config = llm_config
        self._jitter = jitter
        self._access = access.find(environ)
        self._problem = self._access.problem
        terms = Terms(
            llm_config.max_tokens_per_day,
            llm_config.max_cost_per_day_usd,
            llm_config.usd_per_million_prompt_tokens,
            llm_config.usd_per_million_completion_tokens,
        )
        if terms.usd_per_day and not (
            terms.usd_per_million_prompt and terms.usd_per_million_completion
        ):
            raise VlaError(
                Code.INVALID_CONFIG,
                "Parameter 'llm.max_cost_per_day_usd' needs both prices, 'llm.usd_per_million_prompt_tokens' and "
                "'llm.usd_per_million_completion_tokens'.",
            )
        self._terms = terms
        self._caps = CommandCaps(
            llm_config.max_tokens_per_command,
            llm_config.max_requests_per_command,
            llm_config.max_cost_per_command_usd,
        )
        self._log = CommandLog()
        self._ledger = Ledger(usage_path(llm_config.usage_file, environ), terms)
        self._traits = ServerTraits(llm_config.mode)
        self._estimate = TokenEstimate()
        self._context = ContextSize(llm_config.context_tokens)
        self._rest = Rest(llm_config.rest_s)
        self._doubted = False
        self._client: ChatClient | None = None
        if not self._problem:
            try:
                self._client = ChatClient(self._access)
            except VlaError as error:
                self._problem = error.message
        if self._access.is_in_the_clear:
            _log.warning(
                "the key for the language model goes to %s unencrypted", self._access.server
            )

    @property
    def configured(self) -> bool:
        return self._client is not None

    @property
    def status(self) -> str:
        """For diagnostics: where the model is, or why there is none. Never a key."""
        if self._problem:
            return self._problem
        return f"{self._config.model} at {self._access.server}, {self._traits.mode}"

    def usage(self) -> DayUsage:
        """Today's calls, tokens and cost; waits for the disk.

        Errors: BUDGET_EXCEEDED where the record can't be used and there are caps.
        """
        return self._ledger.today()

    def facts(self) -> Mapping[str, str]:
        """Where the model is, or why there is none, and what it was asked today, as far as this process has seen.

        At once, whatever the disk does. Never a key.
        """
        found = {"language model": self.status}
        if self.configured:
            try:
                today = self._ledger.last()
            except VlaError as error:
                return {**found, "language model today": error.message}
            if today is None:
                return {**found, "language model today": "not asked since the start"}
            found["language model today"] = (
                f"{today.calls} calls, {today.prompt_tokens} + {today.completion_tokens} tokens, "
                f"{today.cost_usd:.4f} USD"
            )
        return found

    def close(self) -> None:
        if self._client is not None:
            self._client.close()

    def propose(self, request: PlanRequest) -> Proposal:
        """Errors: PLANNER_UNAVAILABLE, PLANNING_TIMEOUT, BUDGET_EXCEEDED, CANCELED; NOT_UNDERSTOOD, NOT_POSSIBLE and
        AMBIGUOUS as the model decided; the codes of `llm_reply` for an answer that can't be read.
        """
        if self._client is None:
            raise VlaError(Code.PLANNER_UNAVAILABLE, self._problem)
        self._rest.check(time.monotonic())
        command = self._command_of(request)
        command.prompt_tokens = command.completion_tokens = 0
        now = time.monotonic()
        end_s = min(
            now + self._config.timeout_s, command.begun_s + SHARE_OF_TIME * self._planner.timeout_s
        )
        talk = _Talk(
            request,
            self._planner.max_steps,
            command,
            end_s,
            Retries(self._config.max_retries, self._jitter),
            detail=min(self._context.detail, LEAST_DETAIL),
        )
        try:
            while not self._round(talk):
                pass
        except AmbiguousError:
            self._rest.answered()
            raise
        except VlaError as error:
            now = time.monotonic()
            if not talk.ran_out(error, now):
                self._rest.failed(error, now)
            # The server's words are never in a sentence; this makes sure of it.
            raise VlaError(error.code, self._access.scrub(error.message)) from None
        self._rest.answered()
        command.answer = llm_prompt.steps_json(talk.steps)
        return Proposal(tuple(talk.steps), command.prompt_tokens, command.completion_tokens)

    def _command_of(self, request: PlanRequest) -> _Command:
        """A repair goes on with what its proposal began."""
        last: _Command | None = request.session.get(self.name)
        if not request.refusals or last is None or last.command != request.command:
            last = _Command(request.command, time.monotonic())
            last.spent = self._spent_before(request)
            request.session[self.name] = last
        return last

    def _spent_before(self, request: PlanRequest) -> Spent:
        """What a command that goes on has cost already, with an answer or after a failure."""
        if request.failure is not None:
            known = self._log.of((request.command, request.answers))
            plan = request.failure.plan
            tokens = plan.prompt_tokens + plan.completion_tokens
            return known if known.tokens >= tokens else replace(known, tokens=tokens)
        if request.answers:
            return self._log.of((request.command, request.answers[:-1]))
        return Spent()

    # --- one answer ---------------------------------------------------------------------------------

    def _round(self, talk: _Talk) -> bool:
        """Ask once. Whether the plan is complete. Errors: as `propose`."""
        mode, reply = self._answer(talk)
        max_steps = self._planner.max_steps
        talk.command.answer = llm_prompt.as_told(reply.text, reply.calls)
        if reply.refusal or reply.finish == "content_filter":
            raise VlaError(Code.NOT_POSSIBLE, "The language model declines to plan this command.")
        if _is_prose(reply):
            talk.command.prose += 1
        else:
            talk.command.other = True
        if reply.finish == "length":
            self._traits.cut_off(mode)
            raise VlaError(Code.INVALID_PLAN, _cut_off(reply, talk.limit))
        if mode != "tools":
            try:
                talk.steps = steps_of_text(reply.text, talk.prompt.tools, max_steps)
            except VlaError as error:
                self._traits.answered(mode, readable=error.code is not Code.INVALID_PLAN)
                self._check_prose(talk.command)
                raise
            self._traits.answered(mode, readable=True)
            return True
        self._traits.answered(mode, readable=bool(reply.calls))
        if not reply.calls:
            self._check_prose(talk.command)
            raise VlaError(
                Code.INVALID_PLAN,
                "The language model's answer calls no function."
                if reply.text
                else "The language model's answer is empty.",
            )
        steps, complete = steps_of_calls(reply.calls, talk.prompt.tools, len(talk.steps))
        talk.steps += steps
        if len(talk.steps) > max_steps:
            raise VlaError(
                Code.TOO_MANY_STEPS, f"The plan has more than the {max_steps} steps allowed."
            )
        if not complete:
            talk.rounds += llm_prompt.noted(reply.calls, len(talk.steps))
        return complete

    @staticmethod
    def _check_prose(command: _Command) -> None:
        """A model that only ever talks about a command declines it, and nobody else is to plan it then.

        Errors: NOT_POSSIBLE after the last repair.
        """
        if command.prose > MAX_REPAIRS and not command.other:
            raise VlaError(
                Code.NOT_POSSIBLE,
                "The language model declines to plan this command, in words only.",
            )

    def _answer(self, talk: _Talk) -> tuple[str, Reply]:
        """An answer of the server, asked for in a way that it understands, with retries."""
        while True:
            mode = self._traits.mode
            if mode != "tools":
                talk.rounds, talk.steps = [], []
            body = self._body(talk, mode)
            try:
                return mode, self._ask(talk, body)
            except RequestError as error:
                text = self._access.scrub(error.text)
                _log.info(
                    "language model at %s: %s %s", self._access.server, error, shown(text, 300)
                )
                told = (
                    overflow(error.status, error.text) if error.failure is Failure.REFUSED else None
                )
                if told is not None:
                    self._give_less(talk, told, mode)
                    continue
                if error.failure is Failure.REFUSED and self._traits.learn(
                    error.status, error.text.replace(self._config.model, ""), body, mode
                ):
                    continue
                left_s = talk.end_s - time.monotonic()
                delay_s = talk.retries.delay_s(error, left_s)
                if delay_s is None:
                    names = self._models(talk) if is_about_model(error) else ()
                    raise sentence_of(
                        error, self._access.server, self._config.model, names
                    ) from None
                self._wait(delay_s, talk.request)

    def _give_less(self, talk: _Talk, told: Overflow, mode: str) -> None:
        """After a request that was too long: the next one has less detail, or no functions, which take the most.

        Errors: PLANNER_UNAVAILABLE where nothing is left to leave out.
        """
        known = self._context.tokens
        if not told.limit and not known and self._client is not None:
            wait_s = min(LOOK_S, max(talk.end_s - time.monotonic(), 0.0))
            models, props = (
                self._client.look("/models", wait_s),
                self._client.look("/props", wait_s),
            )
            self._context.learn(told_limit(models, props, self._config.model))
        self._context.learn(told.limit)
        if self._context.tokens:
            fewer = self._fitting(talk, mode, talk.detail + 1)
            if fewer is not None:
                talk.detail = fewer
                return
        elif talk.detail < LEAST_DETAIL:
            self._context.too_much(talk.detail)
            talk.detail += 1
            return
        if not self._traits.too_long(mode):
            raise VlaError(
                Code.PLANNER_UNAVAILABLE, too_long(self._access.server, self._context, told)
            )
        self._context.restart()
        talk.detail = 0

    def _fitting(self, talk: _Talk, mode: str, first: int) -> int | None:
        """The most detail, from that one on, with which a request is likely to fit; None: none is."""
        for detail in range(first, LEAST_DETAIL + 1):
            talk.detail = detail
            tokens = self._estimate.likely(_told_size(self._body_of(talk, mode)))
            if self._context.fits(tokens, self._config.max_tokens):
                return detail
        return None

    def _models(self, talk: _Talk) -> list[str]:
        """The models that the server says it has."""
        wait_s = min(LOOK_S, max(talk.end_s - time.monotonic(), 0.0))
        return model_names(self._client.look("/models", wait_s)) if self._client else []

    def _body(self, talk: _Talk, mode: str) -> dict[str, Any]:
        """With as much detail as fits, where it is known how much does."""
        talk.limit = self._context.answer(self._config.max_tokens)
        if self._context.tokens and self._fitting(talk, mode, talk.detail) is None:
            talk.detail = LEAST_DETAIL  # it is only an estimate: the server knows
        return self._body_of(talk, mode)

    def _body_of(self, talk: _Talk, mode: str) -> dict[str, Any]:
        tools = talk.prompt.tools
        brief = llm_prompt.DETAILS[talk.detail].brief
        messages = talk.prompt.messages(self._planner, talk.request, mode, brief)
        if talk.request.refusals:
            messages += llm_prompt.refused(talk.command.answer, talk.request.refusals)
        fields = self._traits.fields(
            talk.limit, self._config.temperature, mode, tools.plan_schema, tools.tools
        )
        return {"model": self._config.model, "messages": messages + talk.rounds, **fields}

    def _ask(self, talk: _Talk, body: Mapping[str, Any]) -> Reply:
        """One request within time and budget. Errors: RequestError; VlaError."""
        if talk.request.canceled():
            raise VlaError(Code.CANCELED, "Planning was canceled.")
        left_s = talk.end_s - time.monotonic()
        if left_s <= 0.0 or self._client is None:
            raise _out_of_time()
        size = _size(body)
        prompt = self._estimate.prompt(size)
        most = self._config.max_tokens
        self._caps.check(talk.command.spent, prompt + most, self._terms.cost_usd(prompt, most))
        booked = self._ledger.reserve(
            prompt, self._config.max_tokens, left_s, talk.request.canceled
        )
        spent = Usage(0, 0)
        try:
            left_s = talk.end_s - time.monotonic()  # booking may have waited for the disk
            if left_s <= 0.0:
                raise _out_of_time()
            # Whatever happens below that nobody foresaw costs what was booked.
            spent = Usage(prompt, self._config.max_tokens, estimated=True)
            talk.sent = True
            reply = self._client.ask(body, self._limits(left_s), talk.request.canceled)
            spent = Usage(prompt, self._estimate.text(reply.characters), estimated=True)
            if reply.usage is not None and self._believes(reply.usage, size, reply.characters):
                spent = reply.usage
                self._estimate.learn(size, spent.prompt_tokens)
                self._estimate.learn_likely(_told_size(body), spent.prompt_tokens)
            talk.command.answered = True
            return reply
        except RequestError as error:
            billed = error.failure in (Failure.CUT, Failure.SILENT)
            spent = (
                Usage(prompt, self._estimate.text(error.characters), estimated=True)
                if billed
                else Usage(0, 0)
            )
            raise
        finally:
            self._ledger.settle(
                booked, spent.prompt_tokens, spent.completion_tokens, spent.estimated
            )
            self._note(talk, spent)
            talk.command.prompt_tokens += spent.prompt_tokens
            talk.command.completion_tokens += spent.completion_tokens

    def _believes(self, usage: Usage, size: int, characters: int) -> bool:
        counts = (usage.prompt_tokens, usage.completion_tokens)
        if believable(*counts, size, characters, self._config.max_tokens):
            return True
        if not self._doubted:
            self._doubted = True
            _log.warning(
                "the language model at %s says that a request of %d bytes took %d + %d tokens, which can't be; such "
                "counts are replaced by an estimate",
                self._access.server,
                size,
                *counts,
            )
        return False

    def _note(self, talk: _Talk, spent: Usage) -> None:
        tokens = spent.prompt_tokens + spent.completion_tokens
        cost = self._terms.cost_usd(spent.prompt_tokens, spent.completion_tokens)
        command, request = talk.command, talk.request
        command.spent = command.spent.plus(tokens, cost, requests=1)
        self._log.note((request.command, request.answers), command.spent)

    def _limits(self, left_s: float) -> Limits:
        config = self._config
        return Limits(
            left_s,
            config.connect_timeout_s,
            config.first_token_timeout_s,
            calls=self._planner.max_steps + 1,
            events=EVENTS + 4 * config.max_tokens,
        )

    @staticmethod
    def _wait(delay_s: float, request: PlanRequest) -> None:
        """Errors: CANCELED, at once."""
        never = threading.Event()
        end = time.monotonic() + delay_s
        while (left_s := end - time.monotonic()) > 0.0:
            if request.canceled():
                raise VlaError(Code.CANCELED, "Planning was canceled.")
            never.wait(min(left_s, 0.005))


def _is_prose(reply: Reply) -> bool:
    """Whether it has words that were not cut off, and nothing that could have been meant as a plan."""
    text = without_thoughts(reply.text)
    words = bool(text) and reply.finish != "length"
    return words and not reply.calls and "{" not in text


def _size(body: Mapping[str, Any]) -> int:
    """Bytes on the wire."""
    return len(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))


def _told_size(body: Mapping[str, Any]) -> int:
    """Bytes of what the model itself is told."""
    return _size({key: body[key] for key in ("messages", "tools") if key in body})


def _cut_off(reply: Reply, limit: int) -> str:
    """At how many tokens, as far as anybody has counted, and whose limit that was."""
    text = "The language model's answer was cut off"
    count = reply.usage.completion_tokens if reply.usage is not None else 0
    if not count:
        text += f" before its end; it may have {limit} tokens ('llm.max_tokens')"
    elif count >= limit:
        text += f" at {count} tokens ('llm.max_tokens')"
    else:
        text += f" at {count} tokens by the limits of its server, before the {limit} it may have"
    if 2 * reply.thoughts > reply.characters:
        text += "; most of them were thoughts"
    return text + "."


def _out_of_time() -> VlaError:
    return VlaError(Code.PLANNING_TIMEOUT, "The language model did not answer in time.")
