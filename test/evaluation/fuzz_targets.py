# SPDX-License-Identifier: Apache-2.0
"""What `./vla eval fuzz` sends to, found in the running system, and how each message is made harmless.

Every service, action and subscription of the system's nodes is a target; interfaces that come later are found by
themselves. Harmless means: no legitimate request to move, to go down or to change the world. Everything else stays.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from rcl_interfaces.msg import Parameter, ParameterType, ParameterValue
from rclpy.action import get_action_server_names_and_types_by_node
from rosidl_runtime_py.utilities import get_action, get_message, get_service
from vla_interfaces.action import Manipulate
from vla_interfaces.srv import Manage

from vla_executor.skills.catalog import BASE_SKILLS
from vla_testing.message_fuzz import NASTY_STRINGS, spoil

TOPIC, SERVICE, ACTION = "topic", "service", "action"
FRAMES = ("map", "odom", "base_link")
COMMANDS = (
    "move forward {} meters",
    "turn left {} degrees",
    "go to {}",
    "pick up the {}",
    "wait {} seconds",
    "{}",
)
NUMBERS = ("nan", "inf", "-inf", "1e999", "999999999999", "minus infinity")
BUILT_IN = ("rcl_interfaces/", "lifecycle_msgs/", "type_description_interfaces/")


@dataclass(frozen=True)
class Target:
    """One name to send to. type: the ROS type as written, kind: the class of the whole interface."""

    how: str
    name: str
    type: str
    kind: Any

    @property
    def message_class(self) -> Any:
        if self.how == TOPIC:
            return self.kind
        return self.kind.Request if self.how == SERVICE else self.kind.Goal

    @property
    def tame(self) -> Callable[[Any, int], Any] | None:
        return TAME.get(self.type)

    @property
    def built_in(self) -> bool:
        """What every node has; not ours, so that it gets a smaller share."""
        return self.type.startswith(BUILT_IN)


def discover(node: Any, namespace: str) -> list[Target]:
    """All targets of the nodes in a namespace but the given one; a stage may have more than one node."""
    found: dict[tuple[str, str], Target] = {}
    space = f"/{namespace}"
    for name, name_space in node.get_node_names_and_namespaces():
        if name_space != space or name == node.get_name():
            continue
        for action, types in get_action_server_names_and_types_by_node(node, name, space):
            found[ACTION, action] = Target(ACTION, action, types[0], get_action(types[0]))
        for service, types in node.get_service_names_and_types_by_node(name, space):
            if "/action/" not in types[0]:
                found[SERVICE, service] = Target(SERVICE, service, types[0], get_service(types[0]))
        for topic, types in node.get_subscriber_names_and_types_by_node(name, space):
            if "/action/" not in types[0]:
                found[TOPIC, topic] = Target(TOPIC, topic, types[0], get_message(types[0]))
    return [found[key] for key in sorted(found)]


# What makes a message harmless. Each gets a random number to choose by.


def velocity(message: Any, pick: int) -> Any:
    spoil_planar = (message.linear, "x"), (message.linear, "y"), (message.angular, "z")
    part, name = spoil_planar[pick % 3]
    setattr(part, name, (float("nan"), float("inf"), float("-inf"))[pick // 3 % 3])
    return message


def goal_pose(message: Any, pick: int) -> Any:
    """In a frame that exists, but nowhere; or in one that does not exist, as it came."""
    if pick % 4:
        message.pose.header.frame_id = FRAMES[pick % 3]
        _nowhere(message.pose.pose, pick // 12)
    return message


def arm_goal(message: Any, pick: int) -> Any:
    if message.operation in (Manipulate.Goal.STOW, Manipulate.Goal.RELEASE):
        message.operation = pick % 2  # PICK or PLACE: the other two need no target
    if pick % 4:
        message.target.header.frame_id = FRAMES[pick % 3]
        _nowhere(message.target.pose, pick // 12)
    return message


def head_goal(message: Any, pick: int) -> Any:
    if pick % 4:
        message.target.header.frame_id = FRAMES[pick % 3]
        spoil(message.target.point, pick // 12)
    return message


def _nowhere(pose: Any, pick: int) -> None:
    """A heading that is one, so that the position is looked at too, and a position that is none."""
    pose.orientation.x = pose.orientation.y = pose.orientation.z = 0.0
    pose.orientation.w = 1.0
    spoil(pose.position if pick % 2 else pose, pick // 2)


def plan(message: Any, pick: int) -> Any:
    """Skills that exist, with an argument that none of them has: the whole plan has to be refused."""
    for number, step in enumerate(message.plan.steps):
        if (pick + number) % 3:
            step.skill = BASE_SKILLS[(pick + number) % len(BASE_SKILLS)].name
        value = ParameterValue(type=ParameterType.PARAMETER_DOUBLE, double_value=float("nan"))
        names = [argument.name for argument in step.arguments]
        step.arguments = [
            *step.arguments,
            Parameter(name="fuzz" if "fuzz" not in names else "", value=value),
        ]
    return message


def command(message: Any, pick: int) -> Any:
    """Half of them are near to a command; none is one that a robot could carry out."""
    if pick % 2:
        words = (*NUMBERS, *NASTY_STRINGS[:3])
        text = COMMANDS[pick // 2 % len(COMMANDS)].format(words[pick // 20 % len(words)])
        message.command = text
        message.dry_run = message.dry_run or not any(number in text for number in NUMBERS)
    return message


def manage(message: Any, pick: int) -> Any:
    if message.command in (Manage.Request.PAUSE, Manage.Request.SHUTDOWN):
        message.command = 6 + pick % 250
    return message


def transition(message: Any, pick: int) -> Any:
    """No transition that exists."""
    message.transition.id = 100 + pick % 156
    return message


def new_world(message: Any, pick: int) -> Any:
    """No world that could be built: another world would move the robot."""
    message.world_file = message.world_file.strip() or "/nowhere.yaml"
    return message


def transforms(message: Any, pick: int) -> Any:
    """Frames that exist, with transforms that are none."""
    for number, item in enumerate(message.transforms):
        if (pick + number) % 2:
            item.header.frame_id, item.child_frame_id = "odom", "base_link"
            spoil(item.transform, pick + number)
    return message


TAME: dict[str, Callable[[Any, int], Any]] = {
    "geometry_msgs/msg/Twist": velocity,
    "nav2_msgs/action/NavigateToPose": goal_pose,
    "vla_interfaces/action/Manipulate": arm_goal,
    "control_msgs/action/PointHead": head_goal,
    "vla_interfaces/action/ExecutePlan": plan,
    "vla_interfaces/action/ExecuteCommand": command,
    "vla_interfaces/srv/Manage": manage,
    "lifecycle_msgs/srv/ChangeState": transition,
    "vla_interfaces/srv/SimReset": new_world,
    "tf2_msgs/msg/TFMessage": transforms,
}
