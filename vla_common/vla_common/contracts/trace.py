# SPDX-License-Identifier: Apache-2.0
"""The trace id: one UUID that goes with a command from the microphone to the motors."""

from __future__ import annotations

import uuid

from vla_common.contracts.outcomes import Code, VlaError


def new_trace_id() -> str:
    return str(uuid.uuid4())


def trace_id_or_new(text: str) -> str:
    """The given id in canonical form, a new one for an empty text; anything else is INVALID_REQUEST."""
    if not text:
        return new_trace_id()
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise VlaError(Code.INVALID_REQUEST, f"The trace id '{text[:60]}' is not a UUID.") from None


def short(trace_id: str) -> str:
    """The first eight characters, for log lines."""
    return trace_id[:8]
