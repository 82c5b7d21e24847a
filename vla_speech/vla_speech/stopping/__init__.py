# SPDX-License-Identifier: Apache-2.0
"""Spotting halt phrases while the sound comes in."""
