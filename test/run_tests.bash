#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
#
# All tests, or one group: unit (no ROS), ros (nodes in one process), system (the whole system), underlay.
# Each test process gets a ROS domain of its own. `./vla test` calls this with everything sourced.
# The underlay's tests mostly wait for processes, so they run beside the unit tests; what they print comes in one piece.
set -uo pipefail
cd "${VLA_ROOT:?run this through ./vla test}" || exit 3

groups=(unit underlay ros system)
case ${1:-all} in
  all) shift || true ;;
  unit|ros|underlay|system) groups=("$1"); shift ;;
  -*) ;;
  *) echo "test: there is no group '$1' (unit, ros, underlay, system)" >&2; exit 2 ;;
esac

export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST
# Tests ask no language model but their own.
unset OPENAI_API_KEY OPENAI_API_KEY_FILE OPENAI_BASE_URL
# Journals and logs of the systems under test: not in the home of whoever runs this.
ROS_HOME=$(mktemp -d)
export ROS_HOME
beside=
trap '[ -n "$beside" ] && kill "$beside" 2>/dev/null; rm -rf "$ROS_HOME"' EXIT
# Domains 0 to 101 have ports below Linux's ephemeral range. 42 is ./vla launch, 43 to 99 are ./vla demo, 37 to 41 those of
# vla_executor/test/ros_world.py.
domain=0
scratch=$ROS_HOME/tests
mkdir "$scratch"
touch "$scratch/summary"

run() { # title, seconds, command...
  local title=$1 begin=$SECONDS status=passed
  echo "== $title"
  if ! try "${@:2}" -o cache_dir="$scratch/cache/$title"; then
    status="FAILED"
    # Timing on a busy machine may fail a test over ROS; it is tried once more, and the summary tells. A unit test is not.
    if [[ $title != unit* ]]; then
      echo "== $title: what failed, once more"
      ! try "${@:2}" -o cache_dir="$scratch/cache/$title" --last-failed --last-failed-no-failures none ||
        status="passed at the second try"
    fi
  fi
  printf '  %-28s %s (%d s)\n' "$title" "$status" $((SECONDS - begin)) >> "$scratch/summary"
}

try() { # seconds, command...
  domain=$((domain % 36 + 1))
  # In the background a shell starts commands with SIGINT ignored, which every child would inherit.
  ROS_DOMAIN_ID=$domain env --default-signal=INT timeout --kill-after=10 "$1" "${@:2}"
}

run_group() { # group, arguments of pytest...
  local group=$1 package file
  shift
  case $group in
    unit)
      for package in vla_*/; do
        [ -d "${package}test" ] || continue
        run "unit ${package%/}" 600 python -m pytest -m "not ros and not system" "${package}test" "$@"
      done
      run "unit test" 600 python -m pytest test/unit "$@" ;;
    ros)
      for package in vla_*/; do
        grep -qrs "pytest.mark.ros" "$package"test || continue
        run "ros ${package%/}" 900 python -m pytest -m ros "${package}test" "$@"
      done ;;
    underlay)
      for package in underlay/*/; do
        # With a ROS distribution only those that it lacks are built, but the tests hold for upstream's as well.
        [ -d "${package}test" ] || continue
        run "underlay $(basename "$package")" 900 python -m pytest "${package}test" "$@"
      done ;;
    system)
      for file in test/system/test_*.py; do
        run "system $(basename "$file" .py)" 900 python -m pytest --timeout 850 "$file" "$@"
      done ;;
  esac
}

if [ "${#groups[@]}" -gt 1 ]; then
  (domain=18; run_group underlay "$@") > "$scratch/underlay" 2>&1 &
  beside=$!
fi
for group in "${groups[@]}"; do
  if [ "$group" = underlay ] && [ -n "$beside" ]; then
    wait "$beside"
    cat "$scratch/underlay"
  else
    run_group "$group" "$@"
  fi
done

echo
echo "Summary:"
for group in "${groups[@]}"; do
  grep "^  $group " "$scratch/summary"
done
! grep -q " FAILED (" "$scratch/summary"
