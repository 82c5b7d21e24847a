# SPDX-License-Identifier: Apache-2.0
"""What the launch file decides: parameter checks, remappings, interfaces that must be present."""
