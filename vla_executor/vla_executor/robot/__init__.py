# SPDX-License-Identifier: Apache-2.0
"""The robot as skills see it: a Protocol, closed-loop drives, and a fake for tests."""
