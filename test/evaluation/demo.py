# SPDX-License-Identifier: Apache-2.0
"""`./vla eval demo`: the demo over many worlds, judged by the simulator's ground truth.

Every seed is a fresh start of the whole system. Evaluation uses seeds from 10000 on; whoever tunes anything
uses others (`--first 100`), so that a figure never comes from worlds that were looked at.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from typing import Any

from vla_bringup.cli.ros.demo import DEFAULT_COMMAND
from vla_bringup.client.system_process import run_folder
from vla_common.contracts.outcomes import Code

EVALUATION_SEED = 10000
TRIAL_TIMEOUT_S = 900.0


def main() -> int:
    arguments = parse()
    folder = run_folder("eval-demo")
    reports = []
    for seed in range(arguments.first, arguments.first + arguments.seeds):
        report = trial(seed, arguments.command, arguments.speed)
        reports.append(report)
        with (folder / "reports.jsonl").open("a", encoding="utf-8") as out:
            out.write(json.dumps(report) + "\n")
        print(line(report), flush=True)
    print(summary(reports, arguments.command, arguments.speed))
    print(f"All reports: {folder / 'reports.jsonl'}")
    return 0 if sum(report["ok"] for report in reports) >= arguments.least * len(reports) else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="vla eval demo", description=__doc__)
    parser.add_argument("--seeds", type=int, default=50, help="how many worlds (default 50)")
    parser.add_argument(
        "--first", type=int, default=EVALUATION_SEED, help="first seed (default 10000)"
    )
    parser.add_argument(
        "--speed", type=float, default=1.0, help="simulated seconds per second (default 1)"
    )
    parser.add_argument(
        "--least", type=float, default=0.96, help="share that has to succeed (default 0.96)"
    )
    parser.add_argument("--command", default=DEFAULT_COMMAND)
    return parser.parse_args()


def trial(seed: int, command: str, speed: float) -> dict[str, Any]:
    """One demo in a process of its own; a crash is a failed trial with its reason."""
    words = ["demo", command, "--json", "--no-pictures", "--seed", str(seed), "--speed", str(speed)]
    begin = time.monotonic()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "vla_bringup.cli.main", *words],
            capture_output=True,
            text=True,
            timeout=TRIAL_TIMEOUT_S,
            check=False,
        )
        report: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    except subprocess.TimeoutExpired:
        report = broken(seed, f"no end within {TRIAL_TIMEOUT_S:g} s")
    except (IndexError, json.JSONDecodeError):
        report = broken(seed, (done.stderr or done.stdout)[-300:])
    report["wall_s"] = time.monotonic() - begin
    return report


def broken(seed: int, reason: str) -> dict[str, Any]:
    outcome = {"code": int(Code.INTERNAL_ERROR), "message": reason}
    return {
        "seed": seed,
        "ok": False,
        "outcome": outcome,
        "checks": [],
        "command_s": 0.0,
        "started_s": 0.0,
        "folder": "",
    }


def reason(report: dict[str, Any]) -> str:
    """Why a trial failed: the outcome when the system itself said no, else what ground truth disagrees with."""
    code = report["outcome"]["code"]
    if code != Code.OK:
        return f"{Code(code).name}: {report['outcome']['message']}"
    wrong = [f"{check['what']} ({check['found']})" for check in report["checks"] if not check["ok"]]
    return "the system said done, but not so: " + "; ".join(wrong)


def line(report: dict[str, Any]) -> str:
    if report["ok"]:
        return f"seed {report['seed']}: ok, {report['command_s']:.1f} s"
    return f"seed {report['seed']}: FAILED, {reason(report)} [{report['folder']}]"


def percentile(values: list[float], share: float) -> float:
    """Nearest rank; 0 without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


def summary(reports: list[dict[str, Any]], command: str, speed: float) -> str:
    good = [report for report in reports if report["ok"]]
    said_done_wrongly = sum(not r["ok"] and r["outcome"]["code"] == Code.OK for r in reports)
    times = [report["command_s"] for report in good]
    starts = [report["started_s"] for report in reports if report["started_s"]]
    lines = [
        "",
        f'"{command}", speed {speed:g}',
        f"succeeded by ground truth    {len(good)} of {len(reports)}",
        f"said done, but was not       {said_done_wrongly}",
        f"command, wall seconds        p50 {percentile(times, 0.5):.1f}  p95 {percentile(times, 0.95):.1f}",
        f"launch to ready, seconds     p50 {percentile(starts, 0.5):.1f}  p95 {percentile(starts, 0.95):.1f}",
    ]
    for name, count in Counter(
        Code(r["outcome"]["code"]).name for r in reports if not r["ok"]
    ).most_common():
        lines.append(f"failures with {name}: {count}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
