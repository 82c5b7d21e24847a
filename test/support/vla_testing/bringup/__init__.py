# SPDX-License-Identifier: Apache-2.0
"""Stages that answer as they are told to."""
