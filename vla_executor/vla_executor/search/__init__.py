# SPDX-License-Identifier: Apache-2.0
"""Looking for objects: where to point the camera, and which of the things seen is meant."""
