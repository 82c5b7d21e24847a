# SPDX-License-Identifier: Apache-2.0
"""The language model backend: what it is asked, and how its answer is read."""
