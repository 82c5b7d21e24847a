# SPDX-License-Identifier: Apache-2.0
"""Camera images to labelled objects in the map, with a memory of the scene."""
