# SPDX-License-Identifier: Apache-2.0
"""The parameters of perception (group `vision`)."""

from __future__ import annotations

from dataclasses import dataclass

from vla_common.configuration.config import setting


@dataclass(frozen=True)
class VisionConfig:
    """What can be set; the README's table is made from this."""

    backend: str = setting(
        "auto",
        "What finds things in the picture: a network by ONNX Runtime or by ultralytics, or depth and colour alone; "
        "`auto`: a network where one can be loaded.",
        choices=["auto", "onnx", "ultralytics", "colour"],
    )
    level: str = setting(
        "balanced",
        "Size at which a network looks at pictures: 320, 416 or 640 pixels on the longer side.",
        choices=["speed", "balanced", "accuracy"],
    )
    model_file: str = setting(
        "",
        "The network's file: .onnx, and for ultralytics also .pt and .engine; empty: the one that comes with it.",
    )
    model_sha256: str = setting(
        "",
        "SHA-256 of the model file; another file is not loaded. "
        "Empty: not checked, with a warning for files that hold code (.pt).",
    )
    device: str = setting(
        "auto",
        "What a network runs on; `auto`: CUDA where the backend has it. On CUDA ultralytics runs in half precision.",
        choices=["auto", "cpu", "cuda"],
    )
    inference_threads: int = setting(
        1,
        "Threads of a network on the CPU; on a busy machine more than one makes it slower.",
        minimum=1,
        maximum=64,
    )
    class_map: tuple[str, ...] = setting(
        ("sports ball=ball", "wine glass=cup", "person="),
        "What the network's names are called here, as `its name=our name`; nothing after `=`: ignored. "
        "Names that are not listed stay as they are.",
    )
    detection_threshold: float = setting(
        0.5, "Detections with a lower score are dropped.", minimum=0.0, maximum=1.0
    )
    frame_rate: float = setting(
        10.0,
        "Images looked at per second while a command runs or somebody waits.",
        unit="Hz",
        minimum=0.1,
        maximum=60.0,
    )
    idle_rate_hz: float = setting(
        1.0,
        "Images looked at per second otherwise; 0: only on request.",
        unit="Hz",
        minimum=0.0,
        maximum=60.0,
    )
    camera_matrix: tuple[float, ...] = setting(
        (),
        "Intrinsics, row by row, for cameras without camera_info; empty: wait for camera_info.",
        length=9,
    )
    rectified: bool = setting(
        False,
        "Whether the images are rectified: then `p` of camera_info holds, and its distortion is not undone.",
    )
    min_depth_m: float = setting(
        0.25, "Nearer pixels are ignored.", unit="m", minimum=0.0, maximum=5.0
    )
    max_depth_m: float = setting(
        3.5, "Farther pixels are ignored.", unit="m", minimum=0.3, maximum=20.0
    )
    min_points: int = setting(
        8, "Fewest pixels that make an object.", unit="pixels", minimum=4, maximum=10000
    )
    max_size_m: float = setting(
        0.45,
        "Larger things are furniture, walls or people, not objects.",
        unit="m",
        minimum=0.05,
        maximum=2.0,
    )
    min_height_m: float = setting(
        0.010,
        "What sticks out less from its surface is not seen.",
        unit="m",
        minimum=0.003,
        maximum=0.1,
    )
    footprint_margin_m: float = setting(
        0.02,
        "Objects may stick out that far over the edge of a place.",
        unit="m",
        minimum=0.0,
        maximum=0.3,
    )
    surface_tolerance_m: float = setting(
        0.06,
        "How far a surface may appear from the height that the map gives.",
        unit="m",
        minimum=0.005,
        maximum=0.3,
    )
    floor_objects: bool = setting(True, "Whether things that lie on the floor are looked for.")
    floor_min_size_m: float = setting(
        0.035,
        "Smaller things on the floor are taken for noise.",
        unit="m",
        minimum=0.0,
        maximum=1.0,
    )
    robot_radius_m: float = setting(
        0.33,
        "Points within that radius of base_link's z axis are the robot itself.",
        unit="m",
        minimum=0.0,
        maximum=2.0,
    )
    map_frame: str = setting(
        "map", "TF frame that positions are given in, z up and the floor at 0."
    )
    base_frame: str = setting(
        "base_link", "TF frame of the robot's base; empty: the robot's body is not masked."
    )
    hand_frame: str = setting(
        "gripper_link",
        "TF frame between the fingertips, x out of the hand; the hand and the arm behind it are not taken for objects. "
        "Empty or not in TF: not masked.",
    )
    hand_radius_m: float = setting(
        0.12,
        "Points that near to hand_frame are the hand or what it holds.",
        unit="m",
        minimum=0.0,
        maximum=0.5,
    )
    hand_length_m: float = setting(
        0.16, "From hand_frame back to the wrist.", unit="m", minimum=0.0, maximum=0.6
    )
    arm_radius_m: float = setting(
        0.08,
        "Points that near to the line from the wrist, level, to the base's axis are the arm; 0: not masked.",
        unit="m",
        minimum=0.0,
        maximum=0.5,
    )
    places_file: str = setting(
        "",
        "YAML file of named places, for robots on which nobody publishes them; those published win.",
    )
    tf_timeout_s: float = setting(
        1.0,
        "How long one image waits for the camera's transform; on a busy machine transforms lag behind images.",
        unit="s",
        minimum=0.0,
        maximum=5.0,
    )
    fresh_timeout_s: float = setting(
        3.0,
        "How long a query for a fresh look waits, where it names no timeout.",
        unit="s",
        minimum=0.1,
        maximum=60.0,
    )
    no_image_s: float = setting(
        3.0,
        "Without an image for so long, the camera counts as lost.",
        unit="s",
        minimum=0.1,
        maximum=60.0,
    )
    depth_slack_s: float = setting(
        0.02, "Largest difference between the stamps of a colour and a depth image that belong together.",
        unit="s", minimum=0.0, maximum=1.0,
    )  # fmt: skip
    memory_merge_m: float = setting(
        0.06, "A sighting nearer than this to a known object of the same kind is that object.", unit="m",
        minimum=0.005, maximum=0.5,
    )  # fmt: skip
    memory_misses: int = setting(
        3,
        "Looks in which an object should have been seen and was not, until it is forgotten.",
        minimum=1,
        maximum=100,
    )
    memory_max_objects: int = setting(
        200, "Most objects remembered; the oldest go first.", minimum=1, maximum=10000
    )
    memory_file: str = setting(
        "",
        "SQLite file that keeps what is known over a restart; empty: `vla/<namespace>/scene.sqlite` in `$ROS_HOME`, "
        "else in `~/.ros`; `none`: not kept.",
    )


GROUPS = {"vision": VisionConfig}
