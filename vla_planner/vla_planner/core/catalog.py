# SPDX-License-Identifier: Apache-2.0
"""The skills to plan with when no executor runs.

With ROS the executor serves its catalogue; here the same list is imported, so there is no second copy.
"""

from __future__ import annotations

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.skills import SkillSpec


def offline_catalog() -> list[SkillSpec]:
    """The base skills. Errors: PLANNER_UNAVAILABLE where the executor is not installed."""
    try:
        from vla_executor.skills.skill import base_catalog
    except ImportError as error:
        raise VlaError(
            Code.PLANNER_UNAVAILABLE,
            f"The list of skills comes with the package vla_executor, which is not installed ({error}).",
        ) from error
    return base_catalog()
