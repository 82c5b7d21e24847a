# SPDX-License-Identifier: Apache-2.0
"""This machine: processes and their owners, private files, shared memory, the stop channel, the terminal."""
