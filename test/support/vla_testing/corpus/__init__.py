# SPDX-License-Identifier: Apache-2.0
"""Spoken commands with noise, and who plays and hears them."""
