"""All stages in one process: what `composed:=true` starts. The simulator stays on its own."""

from __future__ import annotations

from vla_common.spin import main as spin_main


def main() -> None:
    from vla_bringup.state_manager_node import StateManagerNode
    from vla_executor.executor_node import ExecutorNode
    from vla_perception.perception_node import PerceptionNode
    from vla_planner.planner_node import PlannerNode

    spin_main(PerceptionNode, PlannerNode, ExecutorNode, StateManagerNode, threads=20)
