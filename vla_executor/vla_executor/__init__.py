"""Carries out validated plans: skills, guard, plan runner, stop."""
