# SPDX-License-Identifier: Apache-2.0
"""Carries out validated plans: skills, guard, plan runner, stop."""
