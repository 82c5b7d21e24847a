# SPDX-License-Identifier: Apache-2.0
"""One look: from a frame to sightings, objects with a name, a colour and a place in the map.

Decides the order of the steps and what is known about one sighting; detection, form, colour and place are decided in
their own modules, and what several looks say together in `memory`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from vla_common.contracts.outcomes import Code, VlaError
from vla_common.contracts.scene import Place
from vla_perception.config import VisionConfig
from vla_perception.detect.color_names import color_of, exposure_gain
from vla_perception.detect.detector import Detection2D, Detector
from vla_perception.localize.localizer import Location, localize
from vla_perception.localize.shape import LABELS, Shape
from vla_perception.localize.surfaces import find_surfaces, support_surfaces
from vla_perception.memory.places import place_of
from vla_perception.rgbd.frame import RgbdFrame, Transform
from vla_perception.rgbd.robot_mask import robot_mask


@dataclass(frozen=True)
class Sighting:
    """One object in one look. score: that there is such an object; label_score, color_score: that it is called so.

    color: "" where it is not known.
    """

    detection: Detection2D
    location: Location
    label: str
    label_score: float
    color: str
    color_score: float
    place: str

    @property
    def score(self) -> float:
        return self.detection.score

    @property
    def position(self) -> tuple[float, float, float]:
        return self.location.position


def look(
    frame: RgbdFrame,
    detector: Detector,
    places: Sequence[Place],
    config: VisionConfig,
    hand: Transform | None = None,
) -> list[Sighting]:
    """Everything in the frame, best first. The robot's own pixels are blanked in the frame on the way.

    hand: pose of the hand frame in the map, None when not known.
    """
    frame.ignore(robot_mask(frame.points, frame.base, hand, config))
    supports = list(places) or find_surfaces(frame)
    surfaces = support_surfaces(
        frame, supports, config.surface_tolerance_m, with_floor=config.floor_objects
    )
    gain = exposure_gain(frame.rgb)
    sightings = []
    for detection in detector.detect(frame, surfaces):
        try:
            location = localize(frame, detection, surfaces)
        except VlaError as error:
            if error.code is Code.NO_DEPTH:
                continue
            raise
        if detection.mask is None and max(location.size) > config.max_size_m:
            continue  # a box round furniture or a person; groups are measured by the backend
        sightings.append(_sighting(frame, detection, location, places, gain))
    return sorted(sightings, key=lambda s: -s.score * s.label_score)


def _sighting(
    frame: RgbdFrame,
    detection: Detection2D,
    location: Location,
    places: Sequence[Place],
    gain: float,
) -> Sighting:
    x0, y0, x1, y1 = detection.box
    patch = frame.rgb[y0:y1, x0:x1]
    if detection.mask is not None:
        pixels = patch[detection.mask]
    else:
        h, w = patch.shape[:2]
        pixels = patch[h // 4 : h - h // 4, w // 4 : w - w // 4].reshape(-1, 3)
    # A grey picture says nothing about colours; a colour of it would be made up.
    color, color_score = "", 0.0
    if frame.colored:
        color, color_score = color_of(np.ascontiguousarray(pixels), gain)
    label, label_score = _name(detection, location.shape)
    return Sighting(
        detection,
        location,
        label,
        label_score,
        color,
        color_score,
        place_of(location.position, location.size[2], places),
    )


def _name(detection: Detection2D, shape: Shape) -> tuple[str, float]:
    """What to call it: where a network and the form differ, the surer one is right more often than either alone. A name
    that no form has is the network's to give.
    """
    if not detection.label:
        return shape.label, shape.score
    if shape.label == detection.label:
        return detection.label, 1.0 - (1.0 - detection.label_score) * (1.0 - shape.score)
    doubtful = detection.label in LABELS and shape.label != "object"
    # From above, in a container, the form has so far been right where the network was not.
    from_above = detection.surface is not None and detection.surface.inside
    if doubtful and (from_above or shape.score > detection.label_score):
        return shape.label, shape.score
    return detection.label, detection.label_score
