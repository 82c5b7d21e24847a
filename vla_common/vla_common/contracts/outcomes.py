# SPDX-License-Identifier: Apache-2.0
"""Outcome codes and the one error family of the workspace.

The codes are those of `vla_interfaces/msg/Outcome`; a test holds the two lists against each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from vla_common.language.foreign_text import line


class Code(IntEnum):
    """How something ended. Each hundred belongs to one stage."""

    OK = 0

    SPEECH_LOW_CONFIDENCE = 100
    SPEECH_NO_MODEL = 101
    SPEECH_NO_DEVICE = 102
    SPEECH_NOTHING_HEARD = 103
    SPEECH_NOT_FOR_ROBOT = 104
    SPEECH_BAD_AUDIO = 105

    NOT_UNDERSTOOD = 200
    NOT_POSSIBLE = 201
    AMBIGUOUS = 202
    INVALID_PLAN = 203
    UNKNOWN_SKILL = 204
    INVALID_ARGUMENT = 205
    UNKNOWN_PLACE = 206
    PLANNER_UNAVAILABLE = 207
    TOO_MANY_STEPS = 208
    SKILL_UNAVAILABLE = 209
    PLANNING_TIMEOUT = 210
    EMPTY_COMMAND = 211
    BUDGET_EXCEEDED = 212
    REPLAN_LIMIT = 213

    OBJECT_NOT_FOUND = 300
    PERCEPTION_UNAVAILABLE = 301
    NO_IMAGE = 302
    NO_DEPTH = 303
    NO_TRANSFORM = 304
    BAD_IMAGE = 305
    NO_CAMERA_INFO = 306
    STALE_SCENE = 307
    OBJECT_AMBIGUOUS = 308

    EXECUTION_FAILED = 400
    PRECONDITION_FAILED = 401
    POSTCONDITION_FAILED = 402
    GUARD_REFUSED = 403
    NAVIGATION_FAILED = 404
    NAVIGATION_BLOCKED = 405
    GRASP_FAILED = 406
    PLACE_FAILED = 407
    UNREACHABLE = 408
    ROBOT_UNAVAILABLE = 409
    STEP_TIMEOUT = 410
    STOPPED = 411
    CANCELED = 412
    STOP_UNCONFIRMED = 413
    RESOURCE_BUSY = 414
    NOT_CONFIRMED = 415
    FORBIDDEN = 416

    INTERNAL_ERROR = 500
    NOT_READY = 501
    QUEUE_FULL = 502
    SHUTTING_DOWN = 503
    DUPLICATE = 504
    EXECUTION_TIMEOUT = 505
    INVALID_CONFIG = 506
    COMPONENT_FAILED = 507
    JOURNAL_FAILED = 508
    INTERRUPTED = 509
    INVALID_REQUEST = 510
    REPLACED = 511
    BUSY = 512
    CONFLICT = 513


@dataclass(frozen=True)
class Result:
    """A code for programs and one sentence for people; the sentence is empty only when the code is OK.

    A sentence may quote what somebody wrote: it is one line of bounded length, whatever it was made of.
    """

    code: Code = Code.OK
    message: str = ""

    def __post_init__(self) -> None:
        said = line(self.message)
        if self.message and not said:  # nothing in it that could be seen
            said = self.code.name.replace("_", " ").capitalize() + "."
        object.__setattr__(self, "message", said)
        if self.code is not Code.OK and not said:
            raise ValueError(f"outcome {self.code.name} needs a sentence")

    @property
    def ok(self) -> bool:
        return self.code is Code.OK

    def __str__(self) -> str:
        return (
            f"{self.code.name} ({int(self.code)}): {self.message}"
            if self.message
            else self.code.name
        )


OK = Result()


class VlaError(Exception):
    """Any expected failure: carries the code and the sentence that the person gets.

    Backends' own exceptions are turned into this at the edge; everything else that escapes is a defect
    and ends as INTERNAL_ERROR.
    """

    def __init__(self, code: Code, message: str) -> None:
        self.message = line(message)
        super().__init__(self.message)
        self.code = code

    @property
    def result(self) -> Result:
        return Result(self.code, self.message)

    def __str__(self) -> str:
        return f"{self.code.name} ({int(self.code)}): {self.message}"
