# SPDX-License-Identifier: Apache-2.0
"""From image regions to objects in the room: surfaces, shapes, sizes, positions."""
