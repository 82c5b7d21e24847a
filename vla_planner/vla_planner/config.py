# SPDX-License-Identifier: Apache-2.0
"""Parameters of the planner: groups `planner` and `llm`."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vla_common.configuration.config import setting


@dataclass(frozen=True)
class PlannerConfig:
    """What every backend keeps to, and the amounts of the offline planner where a command says none."""

    backends: tuple[str, ...] = setting(
        ("openai", "rules"),
        "planners to try, in order; 'openai' is passed over where no language model is set up",
    )
    timeout_s: float = setting(
        20.0,
        "longest time for one plan, all backends together",
        unit="s",
        minimum=0.1,
        maximum=300.0,
    )
    max_steps: int = setting(30, "most steps in a plan", minimum=1, maximum=200)
    max_command_length: int = setting(
        1000, "most characters in a command", minimum=10, maximum=1000
    )
    default_distance_m: float = setting(
        0.5, "how far to drive when no distance is said", unit="m", minimum=0.05, maximum=5.0
    )
    default_angle_rad: float = setting(
        round(math.pi / 2, 6),
        "how far to turn when no angle is said",
        unit="rad",
        minimum=0.05,
        maximum=6.2832,
    )
    a_little_m: float = setting(0.15, "how far 'a little' is", unit="m", minimum=0.01, maximum=1.0)
    a_little_rad: float = setting(
        0.35, "how far 'a little' turns", unit="rad", minimum=0.01, maximum=1.5708
    )
    step_m: float = setting(0.4, "how long a step is", unit="m", minimum=0.05, maximum=1.0)
    default_wait_s: float = setting(
        5.0, "how long to wait when no time is said", unit="s", minimum=0.0, maximum=300.0
    )
    max_command_distance_m: float = setting(
        20.0,
        "most driving by `move` in one command, all steps together",
        unit="m",
        minimum=0.1,
        maximum=10_000.0,
    )
    max_command_turn_rad: float = setting(
        62.9,
        "most turning by `turn` in one command, all steps together (ten turns)",
        unit="rad",
        minimum=0.1,
        maximum=10_000.0,
    )
    max_command_duration_s: float = setting(
        600.0,
        "most waiting and other timed work in one command, all steps together",
        unit="s",
        minimum=1.0,
        maximum=86_400.0,
    )
    max_command_picks: int = setting(
        20, "most things that one command takes", minimum=1, maximum=200
    )
    max_command_drives: int = setting(
        20, "most drives to places and things in one command", minimum=1, maximum=200
    )


@dataclass(frozen=True)
class LlmConfig:
    """The language model, for backends that ask one. Keys and addresses come from the environment."""

    model: str = setting("gpt-4-turbo", "name of the model, as its server calls it")
    max_tokens: int = setting(500, "most tokens in an answer", minimum=1, maximum=100_000)
    context_tokens: int = setting(
        0,
        "tokens that the model takes in, prompt and answer together; so much of the scene is told as fits; 0: not "
        "known, learnt from what the server says (Ollama cuts off in silence: set it there)",
        minimum=0,
        maximum=100_000_000,
    )
    temperature: float = setting(0.1, "randomness of the answer", minimum=0.0, maximum=2.0)
    mode: str = setting(
        "auto",
        "how the model answers: by function calls, by a strict JSON schema, by plain JSON; `auto` finds out what the "
        "server can do",
        choices=("auto", "tools", "json_schema", "json_object"),
    )
    timeout_s: float = setting(
        15.0,
        "longest time for one proposal, with its retries; `planner.timeout_s` bounds all proposals for a command",
        unit="s",
        minimum=0.1,
        maximum=300.0,
    )
    connect_timeout_s: float = setting(
        3.0, "longest time to reach the server", unit="s", minimum=0.05, maximum=60.0
    )
    first_token_timeout_s: float = setting(
        10.0,
        "longest wait for the beginning of an answer, before it is asked for again",
        unit="s",
        minimum=0.05,
        maximum=300.0,
    )
    max_retries: int = setting(
        2,
        "how often a request is repeated when the server is busy, fails or is cut off",
        minimum=0,
        maximum=10,
    )
    rest_s: float = setting(
        30.0,
        "how long a server that gave no answer is left alone, so that not every command waits for it; 0: it never is",
        unit="s",
        minimum=0.0,
        maximum=86400.0,
    )
    max_tokens_per_command: int = setting(
        100_000,
        "most tokens for one command with its repairs, answers and second tries, prompts included; 0: no cap",
        minimum=0,
        maximum=10**9,
    )
    max_requests_per_command: int = setting(
        20,
        "how often a model is asked for one command with its repairs, answers and second tries; 0: no cap",
        minimum=0,
        maximum=10_000,
    )
    max_cost_per_command_usd: float = setting(
        1.0,
        "most cost of one command, by the two prices where they are set; 0: no cap",
        unit="USD",
        minimum=0.0,
        maximum=1e6,
    )
    max_tokens_per_day: int = setting(
        0, "most tokens in a day (UTC), prompts included; 0: no cap", minimum=0, maximum=10**12
    )
    max_cost_per_day_usd: float = setting(
        0.0,
        "most cost in a day (UTC), by the two prices; 0: no cap",
        unit="USD",
        minimum=0.0,
        maximum=1e6,
    )
    usd_per_million_prompt_tokens: float = setting(
        0.0, "price of a million tokens sent", unit="USD", minimum=0.0, maximum=1e6
    )
    usd_per_million_completion_tokens: float = setting(
        0.0, "price of a million tokens answered", unit="USD", minimum=0.0, maximum=1e6
    )
    usage_file: str = setting(
        "",
        "where the usage is counted, with the day added to the name; empty: `vla/llm_usage.json` in `$ROS_HOME`, else "
        "in `~/.ros`",
    )


GROUPS = {"planner": PlannerConfig, "llm": LlmConfig}
