#!/usr/bin/env bash
# Format, lint and types; `./vla check` calls this with everything sourced.
set -uo pipefail
cd "${VLA_ROOT:?run this through ./vla check}" || exit 3
failed=0
ruff format --check . || failed=1
ruff check . || failed=1
# Modules that only decide, with strict types; ROS glue carries messages, which have no types.
mapfile -t pure < <(git ls-files 'vla_*/vla_*/*.py' |
  grep -vE '(_node|conversions|_client|ros_robot|/lifecycle|/parameters|/qos|/spin|/cli|/demo|/doctor)\.py$')
mypy "${pure[@]}" || failed=1
exit $failed
