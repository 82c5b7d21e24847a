"""ROS images and messages <-> arrays and dataclasses.

Image data are viewed, not copied, where their layout allows it. What can't be used raises VlaError.
"""

from __future__ import annotations

import sys
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

from vla_common.conversions import pose_to_msg
from vla_common.outcomes import Code, VlaError
from vla_common.scene import SceneObject
from vla_perception.drawing import RGB
from vla_perception.frame import F32, MAX_PIXELS, Intrinsics, Transform
from vla_perception.pipeline import Sighting

_COLOR_LAYOUTS: dict[str, tuple[int, slice | None]] = {
    "rgb8": (3, None),
    "bgr8": (3, slice(None, None, -1)),
    "8UC3": (3, slice(None, None, -1)),  # OpenCV's order
    "rgba8": (4, slice(0, 3)),
    "bgra8": (4, slice(2, None, -1)),
    "mono8": (1, None),
    "8UC1": (1, None),
}
_LENS_MODELS = ("plumb_bob", "rational_polynomial")
_DEPTH_TYPES = {"32FC1": "f4", "16UC1": "u2", "mono16": "u2"}


def color_from_msg(message: Image) -> NDArray[np.uint8]:
    """(h, w, 3) uint8 RGB, a view of the message's data. Errors: BAD_IMAGE."""
    layout = _COLOR_LAYOUTS.get(message.encoding)
    if layout is None:
        raise VlaError(
            Code.BAD_IMAGE,
            f"The colour image has the encoding '{message.encoding[:30]}', which can't be used.",
        )
    channels, order = layout
    rows = _rows(message, np.dtype(np.uint8), channels, "colour")
    picture = rows.reshape(message.height, message.width, channels)
    if channels == 1:
        return np.broadcast_to(picture, (message.height, message.width, 3))
    return picture if order is None else picture[:, :, order]


def depth_from_msg(message: Image) -> F32:
    """(h, w) float32 metres, NaN or 0 where not known; a view for 32FC1. Errors: BAD_IMAGE."""
    kind = _DEPTH_TYPES.get(message.encoding)
    if kind is None:
        raise VlaError(
            Code.BAD_IMAGE,
            f"The depth image has the encoding '{message.encoding[:30]}', which can't be used.",
        )
    dtype = np.dtype((">" if message.is_bigendian else "<") + kind)
    rows = _rows(message, dtype, 1, "depth")
    if kind == "u2":
        return rows.astype(np.float32) * np.float32(0.001)
    native = (sys.byteorder == "big") == bool(message.is_bigendian)
    return rows if native else rows.astype(np.float32)


def _rows(message: Image, dtype: np.dtype[Any], channels: int, name: str) -> NDArray[Any]:
    width = message.width * channels
    needed = width * dtype.itemsize
    if message.width < 1 or message.height < 1:
        raise VlaError(Code.BAD_IMAGE, f"The {name} image is empty.")
    if message.width * message.height > MAX_PIXELS:
        raise VlaError(
            Code.BAD_IMAGE,
            f"The {name} image of {message.width}x{message.height} pixels is larger than "
            f"{MAX_PIXELS // 10**6} megapixels.",
        )
    step = message.step or needed
    if step < needed or len(message.data) < step * message.height:
        raise VlaError(
            Code.BAD_IMAGE,
            f"The {name} image says {message.width}x{message.height} pixels and {step} bytes a row, but holds "
            f"{len(message.data)} bytes.",
        )
    raw = np.frombuffer(message.data, dtype=np.uint8)[: step * message.height].reshape(
        message.height, step
    )[:, :needed]
    if not raw.flags.c_contiguous and dtype.itemsize > 1:
        raw = np.ascontiguousarray(raw)
    return raw.view(dtype) if dtype.itemsize > 1 else raw


def intrinsics_from_msg(message: CameraInfo, rectified: bool = False) -> Intrinsics:
    """rectified: the images are already, so that `p` holds and no distortion. Errors: NO_CAMERA_INFO.

    A lens model other than the polynomial ones (a fisheye's) is refused: positions would be wrong.
    """
    if rectified:
        p = list(message.p)
        k = [*p[0:3], *p[4:7], *p[8:11]] if p[0] > 0.0 else list(message.k)
        return Intrinsics.from_matrix(k, message.width, message.height)
    lens = list(message.d)
    if any(lens) and message.distortion_model not in _LENS_MODELS:
        raise VlaError(
            Code.NO_CAMERA_INFO,
            f"The camera's lens model '{message.distortion_model[:30]}' can't be used; rectify the images and set "
            "vision.rectified.",
        )
    return Intrinsics.from_matrix(list(message.k), message.width, message.height, lens)


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
