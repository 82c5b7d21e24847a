# SPDX-License-Identifier: Apache-2.0
"""RGB-D frames: formats, synchronization, registration, and checks of the camera's geometry."""
