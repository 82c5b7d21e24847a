# SPDX-License-Identifier: Apache-2.0
"""From a command in words to a validated plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vla_common.public_names import public

if TYPE_CHECKING:
    from vla_planner.core.backend import AmbiguousError as AmbiguousError
    from vla_planner.core.backend import PlannerBackend as PlannerBackend
    from vla_planner.core.backend import PlanRequest as PlanRequest
    from vla_planner.core.backend import Proposal as Proposal
    from vla_planner.core.planning import Planner as Planner

__all__ = [
    "AmbiguousError",
    "PlanRequest",
    "Planner",
    "PlannerBackend",
    "Proposal",
]

__getattr__ = public(
    __name__,
    {
        "AmbiguousError": "vla_planner.core.backend",
        "PlanRequest": "vla_planner.core.backend",
        "Planner": "vla_planner.core.planning",
        "PlannerBackend": "vla_planner.core.backend",
        "Proposal": "vla_planner.core.backend",
    },
)
