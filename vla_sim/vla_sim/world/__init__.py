# SPDX-License-Identifier: Apache-2.0
"""Worlds: descriptions, generators, files, MJCF, and ground truth."""
