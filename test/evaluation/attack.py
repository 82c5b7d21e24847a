# SPDX-License-Identifier: Apache-2.0
"""`./vla eval attack`: what strangers tried against the system, tried again: wrong words, plans and neighbours.

Attacks live in `attacks/`, one module for each kind. Each says in one sentence what must not happen, tries it, and
returns how it broke, or nothing when it held. Those that need no ROS come first; the others share one running system
for each set of launch arguments, which is started anew when an attack leaves it not ready. The exit code is 0 only when
every attack was held.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path

from attack_case import Attack, Context

from vla_testing.measuring import append_json, verdict

READY_S = 30.0


def collect(folder: Path) -> list[Attack]:
    """All attacks of the modules in `attacks/`, pure ones first. Errors: ValueError for two of one name."""
    found: list[Attack] = []
    for path in sorted((folder / "attacks").glob("[a-z]*.py")):
        module = import_module(f"attacks.{path.stem}")
        found += list(module.attacks())
    twice = [name for name, count in Counter(a.name for a in found).items() if count > 1]
    if twice:
        raise ValueError(f"two attacks are named {', '.join(twice)}")
    return sorted(found, key=lambda a: (a.live, sorted((a.arguments or {}).items()), a.kind))


def attempt(attack: Attack, context: Context) -> str:
    """How it broke; empty when it held. An exception of the attack itself counts as broken."""
    try:
        return attack.run(context)
    except Exception:
        return traceback.format_exc(limit=4)


def run_live(
    attacks: Sequence[Attack], folder: Path, note: Callable[[Attack, str, float], None]
) -> None:
    """Attacks with the same launch arguments, one after the other against one system."""
    from vla_testing.system.own_system import OwnSystem

    with OwnSystem(folder, {"seed": "0", **(attacks[0].arguments or {})}) as system:
        system.wait_until_ready()
        for attack in attacks:
            begin = time.monotonic()
            broke = attempt(attack, Context(folder, system))
            note(attack, broke, time.monotonic() - begin)
            try:
                system.client.reset()
                system.client.sim_reset(0)
                system.wait_until_ready(READY_S)
            except Exception:
                system.restart()


def groups(attacks: Iterable[Attack]) -> list[list[Attack]]:
    """Live attacks by their launch arguments, in the order given."""
    found: dict[tuple[tuple[str, str], ...], list[Attack]] = {}
    for attack in attacks:
        found.setdefault(tuple(sorted((attack.arguments or {}).items())), []).append(attack)
    return list(found.values())


def table(results: Sequence[tuple[Attack, str]]) -> str:
    kinds = sorted({attack.kind for attack, _ in results})
    lines = [f"{'kind':24s} {'attacks':>8s} {'held':>6s} {'broke':>6s}"]
    for kind in [*kinds, "all"]:
        own = [broke for attack, broke in results if kind in ("all", attack.kind)]
        held = sum(not broke for broke in own)
        lines.append(f"{kind:24s} {len(own):8d} {held:6d} {len(own) - held:6d}")
    return "\n".join(lines)


def main() -> int:
    arguments = parse()
    from vla_bringup.client.system_process import run_folder

    folder = run_folder("eval-attack")
    chosen = [
        a
        for a in collect(Path(__file__).parent)
        if arguments.only in f"{a.kind}: {a.name}" and not (arguments.pure and a.live)
    ]
    results: list[tuple[Attack, str]] = []

    def note(attack: Attack, broke: str, seconds: float) -> None:
        results.append((attack, broke))
        append_json(
            folder / "attacks.jsonl",
            {"kind": attack.kind, "name": attack.name, "broke": broke, "seconds": seconds},
        )
        print(f"{'BROKE' if broke else 'held '}  {attack.kind}: {attack.name}", flush=True)
        if broke:
            print("       " + broke.strip().replace("\n", "\n       "), flush=True)

    for attack in chosen:
        if not attack.live:
            begin = time.monotonic()
            note(attack, attempt(attack, Context(folder, None)), time.monotonic() - begin)
    for number, group in enumerate(groups(a for a in chosen if a.live)):
        run_live(group, folder / f"group-{number}", note)
    print()
    print(table(results))
    held = bool(results) and not any(broke for _, broke in results)
    print(verdict(f"every attack was held ({len(results)} tried)", held))
    return 0 if held else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="vla eval attack", description=__doc__)
    parser.add_argument("--only", default="", help="only attacks whose kind or name contains this")
    parser.add_argument("--pure", action="store_true", help="only those that need no ROS")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
