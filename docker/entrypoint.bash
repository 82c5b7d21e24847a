#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
#
# Sources the distribution and the workspace, then becomes the command.
set -eo pipefail
# shellcheck disable=SC1090
source "${VLA_ROS_SETUP:-/opt/ros/$ROS_DISTRO/setup.bash}"
root=${VLA_ROOT:-/opt/vla}
# shellcheck disable=SC1091
source "$root/install/local_setup.bash"
export PATH="${VLA_VENV:-/opt/venv}/bin:$PATH"
exec "$@"
