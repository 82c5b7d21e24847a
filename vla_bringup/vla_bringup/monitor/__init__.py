# SPDX-License-Identifier: Apache-2.0
"""Health of nodes, topics and machine: measurements and the rules that judge them."""
