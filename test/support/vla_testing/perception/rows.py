# SPDX-License-Identifier: Apache-2.0
"""Boxes of a network, written as rows of a table."""

from __future__ import annotations

import numpy as np

from vla_perception.detect.boxes import Boxes


def boxes_of(*rows: tuple[float, ...]) -> Boxes:
    """Rows of x0, y0, x1, y1, score, class."""
    table = np.array(rows, np.float32).reshape(-1, 6)
    return Boxes(table[:, :4], table[:, 4], table[:, 5].astype(np.int64))
