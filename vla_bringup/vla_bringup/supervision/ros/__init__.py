# SPDX-License-Identifier: Apache-2.0
"""Lifecycle clients, the watcher, and the way to the robot when the executor is gone."""
