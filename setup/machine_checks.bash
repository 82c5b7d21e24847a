# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
#
# What has to be true of this machine and its environment before anything is downloaded or started; sourced by bootstrap.bash.
# Each check prints one sentence for each thing that is wrong, and nothing when all is well.

# Folders that the tools below us can't work in: CMake, colcon and shebang lines break on these characters, minutes later.
check_path() { # argument: the workspace's folder
  local LC_ALL=C
  case $1 in
    *[!A-Za-z0-9/._+@,~=-]*)
      printf "the workspace lies in '%s': CMake, colcon and Python's scripts need a path of plain letters, digits and / . _ + - only. Move it to such a folder.\n" "$1" ;;
  esac
}

check_state_folder() { # arguments: .vla, the workspace's folder
  if [ -e "$1" ] || [ -L "$1" ]; then
    if [ ! -d "$1" ]; then
      echo "$1 is not a folder. Remove it, and ./vla makes it anew."
    elif [ ! -O "$1" ]; then
      echo "$1 belongs to user $(stat -c %U "$1" 2>/dev/null || echo '?'), not to $(id -un 2>/dev/null || id -u). Use a clone of your own, or have that user remove the folder."
    elif [ ! -w "$1" ]; then
      echo "$1 can't be written to. Make it writable (chmod u+w), or remove it."
    fi
  elif [ ! -w "$2" ]; then
    echo "the workspace's folder $2 can't be written to; .vla, where everything is put, can't be made. Use a clone of your own."
  fi
}

# Logs, the journal and what was seen go to ROS_HOME, else to ~/.ros. A test of writing, because a file system may be read-only.
check_home() {
  local folder=${ROS_HOME:-} name=ROS_HOME probe
  if [ -z "$folder" ]; then
    name=HOME
    if [ -z "${HOME:-}" ]; then
      echo "HOME is not set, so there is no place for logs and the journal. Set HOME, or ROS_HOME to a folder that can be written to."
      return
    fi
    folder=$HOME
  fi
  if [ "$name" = ROS_HOME ] && [ ! -e "$folder" ]; then
    mkdir -p "$folder" 2>/dev/null || true
  fi
  if [ ! -d "$folder" ]; then
    echo "$name is '$folder', which is no folder. Set $name to a folder that can be written to, for logs and the journal."
    return
  fi
  [ "$name" = HOME ] && [ -d "$folder/.ros" ] && folder=$folder/.ros
  if ! probe=$(mktemp "$folder/.vla-probe.XXXXXX" 2>/dev/null); then
    echo "$folder can't be written to, so there is no place for logs and the journal. Set ROS_HOME to a folder that can."
    return
  fi
  rm -f "$probe"
}

check_temporary_folder() {
  local folder=${TMPDIR:-/tmp}
  if [ ! -d "$folder" ] || [ ! -w "$folder" ]; then
    echo "TMPDIR is '$folder', which is no folder that can be written to."
  fi
}

# The largest domain whose ports exist; rcl refuses more, long after everything was started.
check_domain() {
  local value=${ROS_DOMAIN_ID-}
  [ -n "$value" ] || return 0
  case $value in
    *[!0-9]*) echo "ROS_DOMAIN_ID is '$value'; it has to be a whole number from 0 to 232 (0 to 101 is safe on Linux)." ;;
    *) if [ "${#value}" -gt 9 ] || [ "$((10#$value))" -gt 232 ]; then
         echo "ROS_DOMAIN_ID is $value; the largest domain is 232 (0 to 101 is safe on Linux)."
       fi ;;
  esac
}

check_discovery() {
  case ${ROS_AUTOMATIC_DISCOVERY_RANGE-} in
    ''|SUBNET|LOCALHOST|OFF|SYSTEM_DEFAULT) ;;
    *) echo "ROS_AUTOMATIC_DISCOVERY_RANGE is '$ROS_AUTOMATIC_DISCOVERY_RANGE'; it has to be LOCALHOST, SUBNET, OFF or SYSTEM_DEFAULT." ;;
  esac
  local profiles=${FASTRTPS_DEFAULT_PROFILES_FILE:-}
  if [ -n "$profiles" ] && [ ! -r "$profiles" ]; then
    echo "FASTRTPS_DEFAULT_PROFILES_FILE names '$profiles', which can't be read."
  fi
}

# From PyPI there is one middleware only; a distribution may have others.
check_middleware() { # argument: ROS setup file or nothing
  local wanted=${RMW_IMPLEMENTATION:-} folder IFS=:
  [ -n "$wanted" ] || return 0
  if [ -z "$1" ]; then
    [ "$wanted" = rmw_fastrtps_cpp ] ||
      echo "RMW_IMPLEMENTATION is '$wanted', but ROS 2 from wheels has rmw_fastrtps_cpp only. Unset it, or install a ROS distribution that has $wanted."
    return 0
  fi
  for folder in "$(dirname "$1")/lib" ${LD_LIBRARY_PATH:-}; do
    [ -e "$folder/lib$wanted.so" ] && return 0
  done
  for folder in "$(dirname "$1")"/lib/*-linux-gnu; do
    [ -e "$folder/lib$wanted.so" ] && return 0
  done
  echo "RMW_IMPLEMENTATION is '$wanted', which is not installed beside $(dirname "$1"). Install it (ros-DISTRIBUTION-${wanted//_/-}), or unset it."
}

# A first set-up takes a good gigabyte in .vla and as much again while it unpacks.
check_space() { # argument: .vla
  [ ! -e "$1/env.sh" ] || return 0
  local free
  free=$(df -Pk "$(dirname "$1")" 2>/dev/null | awk 'NR == 2 { print $4 }')
  if [ -n "$free" ] && [ "$free" -lt 2500000 ]; then
    echo "only $((free / 1024)) MB are free at $(dirname "$1"); the set-up needs about 2,500."
  fi
}

# Everything at once, so that whoever has three problems need not start four times.
machine_problems() { # arguments: the workspace's folder, .vla, ROS setup file or nothing
  check_path "$1"
  check_state_folder "$2" "$1"
  check_home
  check_temporary_folder
  check_domain
  check_discovery
  check_middleware "$3"
  check_space "$2"
}
