# SPDX-License-Identifier: Apache-2.0
"""`./vla bench llm_cancel`: from a cancel to the end of the request to the language model, and of the proposal.

A server on a real socket in another process stands for the model and falls silent, before its first byte or between
two tokens. Measured is the time until it sees the connection closed, and until `propose` has come back. Both
processes read the same monotonic clock.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from vla_common.contracts.outcomes import Code, VlaError
from vla_testing.measuring import percentile, row, verdict

ROOT = Path(os.environ.get("VLA_ROOT", Path(__file__).parents[2]))
TARGET_S = 0.1
SILENCES = ("before the first byte", "between two tokens")
SPREAD_S = 0.05
"""The cancel comes at a random time within this after the request arrived."""
END_S = 30.0


def serve(silence: str) -> None:
    """The other process: says where it is, when a request is in, and when its connection was closed."""
    from vla_testing.planner.fake_openai import FakeOpenAi, call_chunks, events, silent

    answer = (
        silent()
        if silence == SILENCES[0]
        else events(*call_chunks(("go_to", {"place": "x" * 99})), hold_after=6)
    )
    with FakeOpenAi(answer) as server:
        print(server.url, flush=True)
        while server.arrived.acquire():
            request = server.requests[-1]
            print("arrived", flush=True)
            print(request.closed_s if request.closed.wait(END_S) else "never", flush=True)


def measure(silence: str, runs: int, seed: int) -> tuple[list[float], list[float]]:
    """Seconds to the closed connection and to the end of the proposal, one of each for every run."""
    from vla_planner.config import LlmConfig, PlannerConfig
    from vla_planner.core.backend import PlanRequest
    from vla_planner.llm.openai_backend import OpenAiBackend
    from vla_testing.planner.fixtures import SCENE, SKILLS

    delay = random.Random(seed)
    closed, returned = [], []
    with tempfile.TemporaryDirectory(prefix="vla-llm-cancel-") as folder:
        process = subprocess.Popen(
            [sys.executable, __file__, "--serve", silence],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        environ = {"OPENAI_BASE_URL": process.stdout.readline().strip()}
        config = LlmConfig(usage_file=f"{folder}/usage.json", rest_s=0.0)
        backend = OpenAiBackend(PlannerConfig(), config, environ)
        try:
            for _ in range(runs):
                canceled = threading.Event()
                ended: list[float] = []

                def propose(canceled=canceled, ended=ended) -> None:
                    try:
                        backend.propose(
                            PlanRequest("go to the table", SCENE, SKILLS, canceled=canceled.is_set)
                        )
                    except VlaError as error:
                        if error.code is Code.CANCELED:
                            ended.append(time.monotonic())

                thread = threading.Thread(target=propose)
                thread.start()
                if process.stdout.readline().strip() != "arrived":
                    raise RuntimeError("the request did not arrive")
                time.sleep(delay.uniform(0.0, SPREAD_S))
                begin = time.monotonic()
                canceled.set()
                thread.join(END_S)
                at = process.stdout.readline().strip()
                if at == "never" or not ended:
                    raise RuntimeError("the request did not end")
                closed.append(float(at) - begin)
                returned.append(ended[0] - begin)
        finally:
            backend.close()
            process.terminate()
            process.wait(END_S)
    return closed, returned


def wake_up(runs: int) -> list[float]:
    """Seconds that a thread takes to notice that an event was set: what this machine does to any such time now."""
    out = []
    for _ in range(runs):
        event = threading.Event()
        noticed: list[float] = []

        def wait(event=event, noticed=noticed) -> None:
            event.wait(END_S)
            noticed.append(time.monotonic())

        thread = threading.Thread(target=wait)
        thread.start()
        time.sleep(SPREAD_S / 10)
        begin = time.monotonic()
        event.set()
        thread.join(END_S)
        out.append(noticed[0] - begin)
    return out


def main() -> int:
    parser = argparse.ArgumentParser(prog="vla bench llm_cancel", description=__doc__)
    parser.add_argument("--runs", type=int, default=200, help="for each of the two silences")
    parser.add_argument("--seed", type=int, default=0, help="of the times at which it is canceled")
    parser.add_argument("--serve", choices=SILENCES, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve)
        return 0
    worst = 0.0
    for silence in SILENCES:
        closed, returned = measure(silence, arguments.runs, arguments.seed)
        print(f"the model is silent {silence}")
        print(row("  cancel to the closed connection", [1e3 * s for s in closed], "ms"))
        print(row("  cancel to the end of the proposal", [1e3 * s for s in returned], "ms"))
        worst = max(worst, percentile(closed, 0.99), percentile(returned, 0.99))
    bare = [1e3 * s for s in wake_up(arguments.runs)]
    print(row("for comparison: a thread notices an event", bare, "ms"))
    print(verdict(f"p99 < {1e3 * TARGET_S:g} ms", worst < TARGET_S))
    return 0 if worst < TARGET_S else 1


if __name__ == "__main__":
    sys.exit(main())
