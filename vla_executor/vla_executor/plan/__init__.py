# SPDX-License-Identifier: Apache-2.0
"""Running a plan: its segments, its steps, what runs in parallel, records and state."""
