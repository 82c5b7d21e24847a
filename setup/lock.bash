#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
#
# `./vla lock`: writes the lock files anew, each distribution with its version and the hashes of its files. --upgrade also takes newer
# versions of what is not pinned. The tool that does it has a lock file of its own.
set -euo pipefail
cd "${VLA_ROOT:?run this through ./vla lock}/setup"
# shellcheck source=setup/bootstrap.bash
source ./bootstrap.bash

case ${1:-} in
  ''|--upgrade) ;;
  *) die "lock takes no argument but --upgrade." ;;
esac

tool="$VLA_STATE/lock-tool"
python=$(find_python "") || die "no Python 3.10 to 3.14 was found."
[ -x "$tool/bin/python" ] || logged "creating an environment for the lock tool" lock-venv "$python" -I -m venv "$tool"
logged "installing the lock tool" lock-tool "$tool/bin/python" -I -m pip install --disable-pip-version-check --no-input \
  --require-hashes -r requirements-lock-tool.lock

lock() { # output, options and inputs...
  local output=$1; shift
  logged "locking $output" "lock-$(basename "$output")" "$tool/bin/uv" pip compile --quiet --universal --generate-hashes \
    --no-emit-index-url --no-emit-find-links --no-header --no-annotate --output-file "$output" "${upgrade[@]}" "$@"
}
upgrade=(); [ "${1:-}" = --upgrade ] && upgrade=(--upgrade)

lock requirements-lock-tool.lock --project lock-scope/wheels --python-version 3.10 requirements-lock-tool.in
lock requirements-build.lock --project lock-scope/wheels --python-version 3.10 requirements-build.in
lock requirements-wheels.lock --project lock-scope/wheels --python-version 3.10 requirements.txt requirements-wheels.txt requirements-build.in
lock requirements-distribution.lock --project lock-scope/distribution --python-version 3.10 requirements.txt requirements-distribution.txt requirements-build.in
lock ../docker/requirements.lock --project lock-scope/image --python-version 3.12 ../docker/requirements.txt
