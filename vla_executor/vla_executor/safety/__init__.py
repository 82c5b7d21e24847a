# SPDX-License-Identifier: Apache-2.0
"""What must never happen: the guard, keep-out zones, standstill, and foreign motion."""
