# SPDX-License-Identifier: Apache-2.0
"""What all nodes share: outcome codes, parameters from dataclasses, lifecycle base node, QoS, conversions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vla_common.public_names import public

if TYPE_CHECKING:
    from vla_common.contracts.cancellation import CancelToken as CancelToken
    from vla_common.contracts.outcomes import OK as OK
    from vla_common.contracts.outcomes import Code as Code
    from vla_common.contracts.outcomes import Result as Result
    from vla_common.contracts.outcomes import VlaError as VlaError
    from vla_common.contracts.scene import Place as Place
    from vla_common.contracts.scene import PlaceKind as PlaceKind
    from vla_common.contracts.scene import Scene as Scene
    from vla_common.contracts.scene import SceneObject as SceneObject
    from vla_common.contracts.skills import ObjectRef as ObjectRef
    from vla_common.contracts.skills import ParameterType as ParameterType
    from vla_common.contracts.skills import Plan as Plan
    from vla_common.contracts.skills import RiskTier as RiskTier
    from vla_common.contracts.skills import SkillParameter as SkillParameter
    from vla_common.contracts.skills import SkillSpec as SkillSpec
    from vla_common.contracts.skills import Step as Step
    from vla_common.contracts.skills import StepRecord as StepRecord

__all__ = [
    "OK",
    "CancelToken",
    "Code",
    "ObjectRef",
    "ParameterType",
    "Place",
    "PlaceKind",
    "Plan",
    "Result",
    "RiskTier",
    "Scene",
    "SceneObject",
    "SkillParameter",
    "SkillSpec",
    "Step",
    "StepRecord",
    "VlaError",
]

__getattr__ = public(
    __name__,
    {
        "CancelToken": "vla_common.contracts.cancellation",
        "Code": "vla_common.contracts.outcomes",
        "OK": "vla_common.contracts.outcomes",
        "ObjectRef": "vla_common.contracts.skills",
        "ParameterType": "vla_common.contracts.skills",
        "Place": "vla_common.contracts.scene",
        "PlaceKind": "vla_common.contracts.scene",
        "Plan": "vla_common.contracts.skills",
        "Result": "vla_common.contracts.outcomes",
        "RiskTier": "vla_common.contracts.skills",
        "Scene": "vla_common.contracts.scene",
        "SceneObject": "vla_common.contracts.scene",
        "SkillParameter": "vla_common.contracts.skills",
        "SkillSpec": "vla_common.contracts.skills",
        "Step": "vla_common.contracts.skills",
        "StepRecord": "vla_common.contracts.skills",
        "VlaError": "vla_common.contracts.outcomes",
    },
)
