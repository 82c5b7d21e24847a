# SPDX-License-Identifier: Apache-2.0
"""`./vla status`: what the running system is doing, as text in 100 columns or as JSON.

`status_to_json` turns the message into plain data in which None stands for "not measured"; `lines` lays that out.
"""

from __future__ import annotations

import argparse
import shutil
import textwrap
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vla_bringup.supervision.supervision import LifecycleState
from vla_bringup.supervision.system_state import SystemState
from vla_common.language.foreign_text import MAX_PARAGRAPH, line
from vla_common.machine.terminal import clear_screen, print_json

WIDTH = 100
MIN_WIDTH = 80
WATCH_PERIOD_S = 1.0
NOT_MEASURED = "not measured"


def main(arguments: argparse.Namespace) -> int:
    """Print the status once, or with `watch` every second until interrupted. Errors: NOT_READY."""
    from vla_bringup.client.ros.system_client import SystemClient

    with SystemClient(arguments.namespace) as client:
        while True:
            status = status_to_json(client.status())
            if arguments.json:
                print_json(status)
            else:
                columns = shutil.get_terminal_size((WIDTH, 24)).columns
                if arguments.watch:
                    clear_screen()
                print("\n".join(lines(status, min(max(columns, MIN_WIDTH), WIDTH))), flush=True)
            if not arguments.watch:
                return 0
            time.sleep(WATCH_PERIOD_S)


# --- from the message -------------------------------------------------------------------------------


def _name(kind: Any, value: int) -> str:
    """The name of an enum's value; a number that this version does not know stays a number."""
    try:
        return str(kind(value).name)
    except ValueError:
        return str(value)


def _seconds(stamp: Any) -> float:
    return float(stamp.sec) + float(stamp.nanosec) * 1e-9


def _measured(value: float, digits: int = 1) -> float | None:
    return None if value < 0.0 else round(float(value), digits)


def status_to_json(status: Any) -> dict[str, Any]:
    """A vla_interfaces/SystemStatus as plain data."""
    now_s = _seconds(status.header.stamp)  # by the same clock as the times in the status
    return {
        "state": _name(SystemState, status.state),
        "message": status.message,
        "components": [_component(item) for item in status.components],
        "queue": {
            "length": status.queue_length,
            "size": status.queue_size,
            "waiting": [
                {
                    "trace_id": item.trace_id,
                    "command": item.command,
                    "source": item.source,
                    "priority": item.priority,
                    "accepted_s": round(_seconds(item.accepted), 3),
                    "waiting_s": round(max(now_s - _seconds(item.accepted), 0.0), 1),
                }
                for item in status.queue
            ],
        },
        "active_command": status.active_command,
        "active_trace_id": status.active_trace_id,
        "question": status.question,
        "question_id": status.question_id,
        "degraded": list(status.degraded),
        "resources": {item.name: item.owner for item in status.resources},
        "machine": _machine(status.machine),
        "topics": [
            {
                "name": item.name,
                "rate_hz": _measured(item.rate_hz, 2),
                "age_s": _measured(item.age_s, 3),
            }
            for item in status.topics
        ],
        "latencies": [
            {
                "stage": item.stage,
                "count": item.count,
                "p50_s": round(_seconds(item.p50), 4),
                "p95_s": round(_seconds(item.p95), 4),
            }
            for item in status.latencies
        ],
    }


def _component(item: Any) -> dict[str, Any]:
    # Every process has some memory: without any, nobody has filled in what it uses.
    measured = item.memory_mb > 0.0
    return {
        "name": item.name,
        "state": _name(LifecycleState, item.lifecycle_state),
        "required": item.required,
        "healthy": item.healthy,
        "reason": item.reason,
        "restarts": item.restarts,
        "pid": item.pid or None,
        "cpu_percent": _measured(item.cpu_percent) if measured else None,
        "memory_mb": _measured(item.memory_mb) if measured else None,
    }


def _machine(item: Any) -> dict[str, Any]:
    # A machine without processes: nobody has filled in the message.
    measured = item.process_count > 0
    values = {
        name: _measured(getattr(item, name)) if measured else None
        for name in (
            "cpu_percent",
            "memory_percent",
            "disk_free_mb",
            "network_receive_kbps",
            "network_send_kbps",
            "nodes_memory_mb",
        )
    }
    return {**values, "process_count": item.process_count if measured else None}


# --- to text ----------------------------------------------------------------------------------------


def lines(status: Mapping[str, Any], width: int = WIDTH) -> list[str]:
    """The data of `status_to_json` for people; no line is longer than `width`, at least MIN_WIDTH."""
    out = _wrapped(f"{status['state']}: ", status["message"], width)
    if status["active_command"]:
        out += _wrapped("now       ", status["active_command"], width)
    if status["question"]:
        out += _wrapped("question  ", status["question"], width)
    for number, sentence in enumerate(status["degraded"]):
        out += _wrapped("degraded  " if number == 0 else " " * 10, sentence, width)
    out += ["", *_components(status["components"], width), "", *_queue(status["queue"], width)]
    held = [f"{name} by {owner}" for name, owner in status["resources"].items() if owner]
    out += _wrapped("held      ", ", ".join(held) or "nothing", width)
    out += _wrapped("machine   ", _machine_text(status["machine"]), width)
    if status["topics"]:
        rows = [
            [item["name"], _number(item["rate_hz"], "Hz"), _age(item["age_s"])]
            for item in status["topics"]
        ]
        out += ["", *_table(["topic", "rate", "age"], rows, width, right=(1, 2))]
    else:
        out += ["", f"topics    {NOT_MEASURED}"]
    if status["latencies"]:
        rows = [
            [
                item["stage"],
                _number(item["p50_s"], "s", 2),
                _number(item["p95_s"], "s", 2),
                str(item["count"]),
            ]
            for item in status["latencies"]
        ]
        out += ["", *_table(["stage", "p50", "p95", "commands"], rows, width, right=(1, 2, 3))]
    else:
        out += ["", "stages    no command has ended yet"]
    return out


def _components(components: Iterable[Mapping[str, Any]], width: int) -> list[str]:
    rows = []
    for item in components:
        rows.append(
            [
                item["name"],
                item["state"].lower(),
                "well" if item["healthy"] else "not well",
                str(item["restarts"]),
                _number(item["cpu_percent"], "%"),
                _number(item["memory_mb"], "MB", 0),
                item["reason"],
            ]
        )
    head = ["component", "state", "health", "restarts", "CPU", "memory", "reason"]
    return _table(head, rows, width, right=(3, 4, 5))


def _queue(queue: Mapping[str, Any], width: int) -> list[str]:
    out = [f"queue     {queue['length']} of {queue['size']}"]
    rows = []
    for number, item in enumerate(queue["waiting"], 1):
        about = f"{item['source']}, priority {item['priority']}, waits {item['waiting_s']:.0f} s"
        rows.append([str(number), about, item["command"]])
    return out + _table([], rows, width, right=(0,), indent=10)


def _machine_text(machine: Mapping[str, Any]) -> str:
    if all(value is None for value in machine.values()):
        return NOT_MEASURED
    nodes = machine["nodes_memory_mb"]
    parts = [
        f"CPU {_number(machine['cpu_percent'], '%', 0)}",
        f"memory {_number(machine['memory_percent'], '%', 0)}"
        + ("" if nodes is None else f" (nodes {nodes:.0f} MB)"),
        f"disk free {_megabytes(machine['disk_free_mb'])}",
        _network_text(machine["network_receive_kbps"], machine["network_send_kbps"]),
        f"{machine['process_count']} processes",
    ]
    return ", ".join(parts)


def _network_text(receive_kbps: float | None, send_kbps: float | None) -> str:
    if receive_kbps is None or send_kbps is None:
        return "net -"
    return f"net in {receive_kbps:.0f} out {send_kbps:.0f} kbit/s"


def _number(value: float | None, unit: str, digits: int = 1) -> str:
    return "-" if value is None else f"{value:.{digits}f} {unit}"


def _megabytes(value: float | None) -> str:
    if value is None or value < 10_000.0:
        return _number(value, "MB", 0)
    return _number(value / 1000.0, "GB", 0)


def _age(value: float | None) -> str:
    return "none yet" if value is None else _number(value, "s", 2 if value < 10.0 else 0)


def _wrapped(head: str, text: str, width: int) -> list[str]:
    """The text after its head; what does not fit continues below the text's beginning."""
    return textwrap.wrap(
        line(text, MAX_PARAGRAPH),
        width,
        initial_indent=head,
        subsequent_indent=" " * min(len(head), 10),
        break_on_hyphens=False,
    ) or [head.rstrip()]


def _table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
    right: Sequence[int] = (),
    indent: int = 0,
) -> list[str]:
    """Aligned columns; the last one is wrapped. right: columns that are aligned to the right."""
    table = [[line(cell) for cell in row] for row in ([head, *rows] if head else rows)]
    if not table:
        return []
    last = len(table[0]) - 1
    # A single long name must not push everything else off the line.
    widths = [min(max(len(row[column]) for row in table), width // 2) for column in range(last)]
    out = []
    for row in table:
        cells = [
            cell.rjust(size) if column in right else cell.ljust(size)
            for column, (cell, size) in enumerate(
                (_cut(cell, size), size) for cell, size in zip(row, widths, strict=False)
            )
        ]
        start = " " * indent + "  ".join(cells) + "  "
        rest = row[last]
        if last in right:
            rest = rest.rjust(max(len(other[last]) for other in table))
            out.append((start + rest).rstrip())
            continue
        wrapped = textwrap.wrap(rest, max(width - len(start), 20)) or [""]
        out.append((start + wrapped[0]).rstrip())
        out += [" " * len(start) + line for line in wrapped[1:]]
    return out


def _cut(text: str, size: int) -> str:
    return text if len(text) <= size else text[: size - 1] + "…"
