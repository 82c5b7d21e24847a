# SPDX-License-Identifier: Apache-2.0
"""State manager, launch configuration and command-line tool."""
