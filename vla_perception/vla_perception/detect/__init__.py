# SPDX-License-Identifier: Apache-2.0
"""Detectors: from an RGB-D frame to named regions of the image."""
