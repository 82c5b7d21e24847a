# SPDX-License-Identifier: Apache-2.0
"""ROS images and messages <-> arrays and dataclasses.

Image data are viewed, not copied, where their layout allows it. What can't be used raises VlaError.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from geometry_msgs.msg import Point, Pose, PoseWithCovariance, Vector3
from numpy.typing import NDArray
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import ColorRGBA, Header
from vision_msgs.msg import (
    BoundingBox2D,
    BoundingBox3D,
    Detection2D,
    Detection2DArray,
    Detection3D,
    Detection3DArray,
    ObjectHypothesis,
    ObjectHypothesisWithPose,
    Point2D,
    Pose2D,
)
from visualization_msgs.msg import Marker, MarkerArray

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.plausible import LONGEST_NAME, MOST_WORDS, wrong_place
from vla_common.contracts.scene import Place, SceneObject
from vla_common.contracts.skills import ObjectRef
from vla_common.ros.conversions import object_ref_from_msg, place_from_msg, pose_to_msg
from vla_perception.drawing import RGB
from vla_perception.pipeline import Sighting
from vla_perception.rgbd.frame import F32, Intrinsics, Transform, Window
from vla_perception.rgbd.pixel_formats import Raw, to_meters, to_rgb

MAX_PLACES = 10_000
_LENS_MODELS = ("plumb_bob", "rational_polynomial")


def color_from_msg(message: Image) -> NDArray[np.uint8]:
    """(h, w, 3) uint8 RGB, a view of the message's data where they are that. Errors: BAD_IMAGE."""
    return to_rgb(_raw(message))


def depth_from_msg(message: Image) -> F32:
    """(h, w) float32 metres, NaN or 0 where not known; a view for 32FC1. Errors: BAD_IMAGE."""
    return to_meters(_raw(message))


def _raw(message: Image) -> Raw:
    return Raw(
        message.data,
        message.encoding,
        message.width,
        message.height,
        message.step,
        bool(message.is_bigendian),
    )


def frame_of(message: Any) -> str:
    """The frame that a header names; tf knows no leading slash."""
    return str(message.header.frame_id).strip().lstrip("/")


def places_from_msg(message: Any) -> tuple[Place, ...]:
    """Of a PlaceArray. Errors: INVALID_REQUEST when one of them can't be: then the list is not to be believed."""
    if len(message.places) > MAX_PLACES:
        raise VlaError(Code.INVALID_REQUEST, f"{len(message.places)} places are too many.")
    places = []
    for entry in message.places:
        name = entry.name[:60]
        try:
            place = place_from_msg(entry)
        except ValueError:
            raise VlaError(
                Code.INVALID_REQUEST, f"The place '{name}' has the kind {entry.kind}."
            ) from None
        wrong = wrong_place(place)
        if wrong:
            raise VlaError(Code.INVALID_REQUEST, f"The place '{name}' {wrong}.")
        places.append(place)
    return tuple(places)


def query_from_msg(message: Any) -> ObjectRef:
    """Errors: INVALID_REQUEST for more words than a person would use."""
    ref = object_ref_from_msg(message)
    words = (ref.id, ref.label, ref.place, ref.relation, ref.quantity, *ref.attributes)
    if (
        len(ref.attributes) > MOST_WORDS
        or len(ref.reference) > MOST_WORDS
        or any(len(word) > LONGEST_NAME for word in (*words, *ref.reference))
    ):
        raise VlaError(
            Code.INVALID_REQUEST,
            f"A query has at most {MOST_WORDS} attributes and references of {LONGEST_NAME} characters.",
        )
    return ref


def is_calibrated(message: CameraInfo) -> bool:
    """Whether a camera_info says anything: an uncalibrated camera publishes zeros."""
    return any(message.k) or any(message.p)


def intrinsics_from_msg(
    message: CameraInfo, rectified: bool = False, size: tuple[int, int] | None = None
) -> Intrinsics:
    """Of the pictures that the camera publishes, its binning and region of interest reckoned in.

    rectified: the images are already, so that `p` holds and no distortion. size: width and height of the picture, for a
    camera_info that does not say its own. Errors: NO_CAMERA_INFO.

    A lens model other than the polynomial ones (a fisheye's) is refused: positions would be wrong.
    """
    p = list(message.p)
    if rectified:
        k = [*p[0:3], *p[4:7], *p[8:11]] if p[0] > 0.0 else list(message.k)
        lens: list[float] = []
    else:
        k, lens = list(message.k), list(message.d)
        if any(lens) and message.distortion_model not in _LENS_MODELS:
            raise VlaError(
                Code.NO_CAMERA_INFO,
                f"The camera's lens model '{message.distortion_model[:30]}' can't be used; rectify the images and set "
                "vision.rectified.",
            )
        if not any(k) and p[0] > 0.0:
            # The lens is not known, and where the pixels lie is known for rectified images only.
            raise VlaError(
                Code.NO_CAMERA_INFO,
                "The camera_info has a 'p' and no 'k'; rectify the images and set vision.rectified.",
            )
    width, height = message.width, message.height
    if not (width and height) and size is not None:
        width, height = size
    roi = message.roi
    window = Window(
        roi.x_offset,
        roi.y_offset,
        roi.width or width,
        roi.height or height,
        max(1, message.binning_x),
        max(1, message.binning_y),
    )
    return Intrinsics.from_matrix(k, width, height, lens).seen_through(window)


def transform_from_msg(message: Any) -> Transform:
    """From a geometry_msgs/Transform. Errors: NO_TRANSFORM."""
    t, q = message.translation, message.rotation
    return Transform.from_quaternion((t.x, t.y, t.z), (q.x, q.y, q.z, q.w))


def color_to_msg(rgb: NDArray[np.uint8], header: Header) -> Image:
    """An rgb8 image."""
    height, width = rgb.shape[:2]
    data = array("B")
    data.frombytes(np.ascontiguousarray(rgb).tobytes())
    return Image(
        header=header, height=height, width=width, encoding="rgb8", step=3 * width, data=data
    )


def detections_2d(
    sightings: Sequence[Sighting], ids: Mapping[int, str], header: Header
) -> Detection2DArray:
    """Boxes in the picture, under the header of the picture."""
    message = Detection2DArray(header=header)
    for index, sighting in enumerate(sightings):
        x0, y0, x1, y1 = (float(v) for v in sighting.detection.box)
        middle = Pose2D(position=Point2D(x=(x0 + x1) / 2, y=(y0 + y1) / 2))
        message.detections.append(
            Detection2D(
                header=header,
                results=[_hypothesis(sighting, PoseWithCovariance())],
                bbox=BoundingBox2D(center=middle, size_x=x1 - x0, size_y=y1 - y0),
                id=ids.get(index, ""),
            )
        )
    return message


def detections_3d(
    sightings: Sequence[Sighting], ids: Mapping[int, str], header: Header
) -> Detection3DArray:
    """Boxes in the map; the header has the map frame and the picture's stamp."""
    message = Detection3DArray(header=header)
    for index, sighting in enumerate(sightings):
        location = sighting.location
        pose = pose_to_msg(location.position, location.yaw)
        x, y, z = (float(v) for v in location.size)
        covered = PoseWithCovariance(pose=pose, covariance=list(location.covariance))
        message.detections.append(
            Detection3D(
                header=header,
                results=[_hypothesis(sighting, covered)],
                bbox=BoundingBox3D(center=pose, size=Vector3(x=x, y=y, z=z)),
                id=ids.get(index, ""),
            )
        )
    return message


def _hypothesis(sighting: Sighting, pose: PoseWithCovariance) -> ObjectHypothesisWithPose:
    score = float(sighting.score * sighting.label_score)
    return ObjectHypothesisWithPose(
        hypothesis=ObjectHypothesis(class_id=sighting.label, score=score), pose=pose
    )


def markers(objects: Sequence[SceneObject], header: Header) -> MarkerArray:
    """A box and a name for every known object, for RViz; the first marker deletes the old ones."""
    message = MarkerArray(markers=[Marker(header=header, action=Marker.DELETEALL)])
    for number, item in enumerate(objects):
        red, green, blue = (v / 255.0 for v in RGB.get(item.color, (0, 255, 255)))
        alpha = 0.9 if item.visible else 0.35
        x, y, z = (max(float(v), 0.005) for v in item.size)
        message.markers.append(
            Marker(
                header=header, ns="objects", id=number, type=Marker.CUBE, action=Marker.ADD,
                pose=pose_to_msg(item.position, item.yaw), scale=Vector3(x=x, y=y, z=z),
                color=ColorRGBA(r=red, g=green, b=blue, a=alpha),
            )
        )  # fmt: skip
        px, py, pz = item.position
        message.markers.append(
            Marker(
                header=header, ns="names", id=number, type=Marker.TEXT_VIEW_FACING, action=Marker.ADD,
                pose=Pose(position=Point(x=px, y=py, z=pz + z / 2 + 0.04)), scale=Vector3(z=0.04),
                color=ColorRGBA(r=1.0, g=1.0, b=1.0, a=alpha), text=item.describe(),
            )
        )  # fmt: skip
    return message
