# SPDX-License-Identifier: Apache-2.0
"""The perception node and its conversions."""
