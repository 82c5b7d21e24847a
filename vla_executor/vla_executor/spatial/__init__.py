# SPDX-License-Identifier: Apache-2.0
"""Geometry on the floor: poses, footprints, where to stand, where to put something down."""
