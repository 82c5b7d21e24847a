# SPDX-License-Identifier: Apache-2.0
"""Pictures and networks that are made for a test."""
