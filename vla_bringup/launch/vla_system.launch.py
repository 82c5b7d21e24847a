# SPDX-License-Identifier: Apache-2.0
"""Starts the whole system.

Every stage is a lifecycle node in its own process (`composed:=true`: all in one); the state manager brings
them up. With `robot:=sim` the simulator stands in for the robot.
"""

from __future__ import annotations

import os
import signal

from ament_index_python.packages import get_package_share_directory
from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    LogInfo,
    OpaqueFunction,
    SetEnvironmentVariable,
    Shutdown,
)
from launch.substitutions import EnvironmentVariable, LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.substitutions import FindPackageShare

from vla_bringup.config import IntegrationConfig
from vla_bringup.launching import config_check, robot_names
from vla_bringup.launching.foreign_interfaces import lacking
from vla_bringup.launching.ros import node_python
from vla_common.machine import process_watch
from vla_common.machine.lease import conflict
from vla_common.machine.private_files import be_private
from vla_common.machine.shared_memory import clear_dead

STAGES = (
    ("vla_perception", "perception_node", "perception"),
    ("vla_planner", "planner_node", "planner"),
    ("vla_executor", "executor_node", "executor"),
    ("vla_bringup", "state_manager_node", "state_manager"),
)
SPEECH_STAGES = (
    ("vla_speech", "audio_source_node", "audio_source"),
    ("vla_speech", "speech_node", "speech"),
)
NAMED = {**robot_names.TOPICS, **robot_names.ACTIONS}
"""Launch arguments that name one of the robot's topics or actions."""
SPEAKER_STAGE = ("vla_speech", "speaker_node", "speaker")


def arguments() -> list[DeclareLaunchArgument]:
    default_config = PathJoinSubstitution(
        [FindPackageShare("vla_bringup"), "config", "vla_system.yaml"]
    )
    return [
        DeclareLaunchArgument(
            "namespace", default_value="vla", description="Namespace of all nodes and names"
        ),
        DeclareLaunchArgument(
            "robot",
            default_value="sim",
            choices=["sim", "real", "isaac"],
            description="sim: the simulator of this workspace; real: a robot with Nav2 and an arm; "
            "isaac: Isaac Sim over its ROS 2 bridge",
        ),
        DeclareLaunchArgument(
            "robot_namespace",
            default_value="auto",
            description="Namespace of the robot's own topics and actions; "
            "auto: that of the system for sim, / for real and isaac",
        ),
        DeclareLaunchArgument(
            "config_file",
            default_value=EnvironmentVariable("VLA_CONFIG_PATH", default_value=default_config),
            description="ROS parameter file; the environment variable VLA_CONFIG_PATH changes the default",
        ),
        DeclareLaunchArgument(
            "composed",
            default_value="false",
            choices=["true", "false"],
            description="true: all stages in one process (the simulator stays on its own)",
        ),
        DeclareLaunchArgument(
            "log_level",
            default_value="info",
            choices=["debug", "info", "warn", "error", "fatal"],
            description="Least severe log lines that are shown",
        ),
        DeclareLaunchArgument(
            "speech",
            default_value="auto",
            choices=["auto", "true", "false"],
            description="true: listen for commands; auto: where there is a microphone or an audio_file",
        ),
        DeclareLaunchArgument(
            "audio_file",
            default_value="",
            description="WAV or FLAC file that is heard in place of a microphone; empty: as in the parameter file",
        ),
        DeclareLaunchArgument(
            "speaker",
            default_value="auto",
            choices=["auto", "true", "false"],
            description="true: say aloud what the person is told; auto: where there is a sound card",
        ),
        DeclareLaunchArgument(
            "headless",
            default_value="true",
            choices=["true", "false"],
            description="false: open the simulator's viewer (needs a display)",
        ),
        DeclareLaunchArgument(
            "rviz",
            default_value="false",
            choices=["true", "false"],
            description="true: start RViz as well",
        ),
        DeclareLaunchArgument(
            "seed",
            default_value="",
            description="Seed of the simulator's world; empty: as in the parameter file",
        ),
        DeclareLaunchArgument(
            "world",
            default_value="",
            description="World file of the simulator; empty: as in the parameter file",
        ),
        DeclareLaunchArgument(
            "speed",
            default_value="",
            description="Simulated seconds per second; empty: as in the parameter file",
        ),
        DeclareLaunchArgument(
            "use_sim_time",
            default_value="auto",
            choices=["auto", "true", "false"],
            description="Whether the stages follow /clock; auto: as the simulator needs it, for real as in the "
            "parameter file, true for isaac",
        ),
        DeclareLaunchArgument(
            "tf_namespace",
            default_value="auto",
            description="Namespace of tf and tf_static; auto: that of the robot, /: the global ones",
        ),
        *(
            DeclareLaunchArgument(
                argument,
                default_value="",
                description=f"{what}; empty: {name} in robot_namespace",
            )
            for argument, (name, what) in NAMED.items()
        ),
    ]


def set_up(context, *_):
    end_with_owner()

    def value(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    config_file = value("config_file")
    parameters = config_check.check_file(config_file)  # nothing starts with a wrong parameter file
    robot, namespace = value("robot"), value("namespace").strip("/")
    overrides = {}
    if robot == "sim":
        overrides = sim_overrides(value)
        config_check.check(overrides)
    speed = overrides.get("sim.speed", parameters.get("sim.speed", 1.0))
    use_sim_time, note = robot_names.sim_time(robot, value("use_sim_time"), speed, parameters)
    clock = [] if use_sim_time is None else [{"use_sim_time": use_sim_time}]
    remappings = remappings_for(
        robot,
        value("robot_namespace"),
        namespace,
        value("tf_namespace"),
        {name: value(name) for name in NAMED},
    )
    common = {
        "namespace": namespace,
        "remappings": remappings,
        "output": "screen",
        "ros_arguments": ["--log-level", value("log_level")],
        "parameters": [config_file, *clock],
    }
    actions = [
        SetEnvironmentVariable("ROS_DOMAIN_ID", domain_id(parameters)),
        # Nodes bring the robot to rest and end when this process is gone, however it went.
        SetEnvironmentVariable(process_watch.LAUNCH, process_watch.own_name()),
    ]
    check_alone(domain_id(parameters), namespace)
    be_private()  # logs are nobody else's business, and the nodes inherit it
    clear_dead()
    voice, notes = voice_stages(value, parameters)
    notes += [note] if note else []
    actions += [LogInfo(msg=note) for note in notes]
    stages = [*STAGES, *voice]
    audio_file = value("audio_file")
    common["parameters"] += [watched(parameters, [name for _, _, name in voice])] if voice else []
    common["parameters"] += [heard_file(audio_file)] if audio_file and voice else []
    if robot == "sim":
        # Without its robot the system has nothing to do: when the simulator ends, everything ends.
        actions.append(
            Node(
                package="vla_sim",
                executable="sim_node",
                name="sim",
                **{
                    **common,
                    "parameters": [config_file, {**overrides, "use_sim_time": False}],
                    "on_exit": Shutdown(reason="the simulator has ended"),
                },
            )
        )
    if value("composed") == "true":
        # Names come from the nodes themselves: one process has several.
        actions.append(
            Node(
                package="vla_bringup",
                executable="composed_node",
                arguments=[name for _, _, name in voice],
                respawn=True,
                respawn_delay=1.0,
                **common,
            )
        )
        # State manager and executor watch each other; in one process they hang together, and somebody else has to.
        actions.append(
            Node(
                package="vla_bringup",
                executable="watcher_node",
                name="watcher",
                respawn=True,
                respawn_delay=1.0,
                **common,
            )
        )
    else:
        actions += [
            Node(
                package=package,
                executable=executable,
                name=name,
                respawn=True,
                respawn_delay=1.0,
                **common,
            )
            for package, executable, name in stages
        ]
    if value("rviz") == "true":
        config = os.path.join(get_package_share_directory("vla_bringup"), "config", "vla.rviz")
        shown = parameters.get("use_sim_time", False) if use_sim_time is None else use_sim_time
        rviz = {**common, "parameters": [{"use_sim_time": bool(shown)}]}
        actions.append(
            Node(
                package="rviz2", executable="rviz2", name="rviz2", arguments=["-d", config], **rviz
            )
        )
    return actions


def end_with_owner() -> None:
    """One Ctrl-C for this process when whoever started it for themselves is gone, such as a demo that was killed."""
    owner = process_watch.named(process_watch.OWNER)
    if owner is not None:
        process_watch.watch_end(owner, lambda: os.kill(os.getpid(), signal.SIGINT))


def voice_stages(value, parameters: dict) -> tuple[list, list[str]]:
    """The stages that hear and speak, and what to say about those that are left out."""
    stages, notes = [], []
    foreign = lacking(["audio_common_msgs.msg"])
    if value("speech") == "true" and foreign:
        raise RuntimeError(f"The launch argument 'speech' can't be true. {foreign}")
    has_file = bool(value("audio_file") or parameters.get("audio.file"))
    if value("speech") == "true":
        stages += SPEECH_STAGES
    elif value("speech") == "auto":
        reason = (
            foreign
            if has_file or foreign
            else why_none(
                "why_no_microphone", "audio_source_node", parameters.get("audio.device", "")
            )
        )
        stages += [] if reason else SPEECH_STAGES
        notes += [f"Speech is off, and commands can be typed. {reason}"] if reason else []
    elif value("audio_file"):
        raise RuntimeError(
            "The launch argument 'audio_file' needs speech; speech:=false turns it off."
        )
    if value("speaker") == "true":
        stages.append(SPEAKER_STAGE)
    elif value("speaker") == "auto":
        # One that speaks into files, or not at all, was asked for by its parameter.
        files = parameters.get("speaker.backend") == "file"
        reason = (
            ""
            if files
            else why_none("why_no_sound_card", "speaker_node", parameters.get("speaker.device", ""))
        )
        stages += [] if reason else [SPEAKER_STAGE]
        notes += [f"The speaker is off: {reason}"] if reason else []
    return stages, notes


def why_none(question: str, executable: str, device: object) -> str:
    """Why there is no microphone or sound card for the Python that will run the node; empty when there is one."""
    interpreter = node_python.interpreter_of(node_python.script_of("vla_speech", executable))
    return node_python.ask(interpreter, "vla_speech.audio.devices", question, str(device))


def heard_file(path: str) -> dict:
    """A file in place of a microphone; what it says must not come before somebody can act on it."""
    return {"audio.file": path, "audio.wait_for_system": True}


def watched(parameters: dict, names: list[str]) -> dict:
    """The state manager brings up and watches the voice as well; the system works without it."""
    out = {}
    for key in ("components", "optional_components"):
        default = getattr(IntegrationConfig(), key)
        configured = list(parameters.get(f"integration.{key}", default))
        out[f"integration.{key}"] = configured + [n for n in names if n not in configured]
    return out


def sim_overrides(value) -> dict:
    """What was said on the command line goes before the parameter file."""
    out: dict = {"sim.headless": value("headless") == "true"}
    for name, key, read in (
        ("seed", "sim.seed", int),
        ("world", "sim.world_file", str),
        ("speed", "sim.speed", float),
    ):
        text = value(name)
        if text:
            try:
                out[key] = read(text)
            except ValueError:
                raise RuntimeError(f"The launch argument '{name}' can't be '{text}'.") from None
    return out


def domain_id(parameters: dict) -> str:
    """The environment goes before the parameter file, so that other shells see the same domain."""
    return os.environ.get("ROS_DOMAIN_ID") or str(parameters.get("ros2.domain_id", 42))


def check_alone(domain: str, namespace: str) -> None:
    """Nothing starts beside a system of the same names. Errors: RuntimeError."""
    root = f"/{namespace}" if namespace else ""
    if domain.isdecimal() and (problem := conflict(int(domain), f"{root}/state_manager")):
        raise RuntimeError(problem)


def remappings_for(
    robot: str, robot_namespace: str, namespace: str, tf_namespace: str = "auto", named=None
) -> list[tuple[str, str]]:
    """Where the robot's interfaces are, seen from the stages."""
    del namespace  # names that are left alone are in it
    return robot_names.remappings(robot, robot_namespace, tf_namespace, named)


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription([*arguments(), OpaqueFunction(function=set_up)])
