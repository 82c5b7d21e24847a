# SPDX-License-Identifier: Apache-2.0
"""From meaning to the steps of a plan."""
