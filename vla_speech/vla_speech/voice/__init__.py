# SPDX-License-Identifier: Apache-2.0
"""Sentences to sound: what is said next, and the voices."""
