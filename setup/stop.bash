# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
#
# `./vla stop`, the fast way: an order into the named pipes of the running system. Sourced by ./vla before anything else; bash
# alone, since a stop does not wait for a set-up, for Python or for the discovery of nodes. The other side, and what is
# written into the pipes, is vla_common/vla_common/machine/stop_channel.py.

STOP_TOLD_MS=1000      # without a word by then, the other ways are tried as well
STOP_CONFIRMED_MS=8000 # how long a confirmation may take; who waits for it gives up earlier
STOP_NOT_READY=501     # the outcome code of a node that has nothing to stop

stop_now() { # milliseconds into the variable `now`; $EPOCHREALTIME has its comma or point by the locale
  local micros=${EPOCHREALTIME//[!0-9]/}
  now=$((micros / 1000))
}

# Sets `fields` from the name of a pipe: domain, namespace, role, pid, start, number. Fails for what is none of ours.
stop_pipe() {
  [ -p "$1" ] && [ -O "$1" ] || return 1
  local name=${1##*/}
  IFS=, read -r -a fields <<<"${name%.stop}"
  [ ${#fields[@]} -eq 6 ]
}

# Whether the process of `fields` runs, and in this network: systems in different ones never meet.
stop_pipe_lives() {
  local stat
  [ -r /proc/self/stat ] || return 0
  { read -r stat <"/proc/${fields[3]}/stat"; } 2>/dev/null || return 1
  read -r -a stat <<<"${stat##*) }"
  [ "${stat[19]:-}" = "${fields[4]}" ] && [ "${stat[0]}" != Z ] &&
    { [ -n "$stop_all" ] || [ "/proc/${fields[3]}/ns/net" -ef /proc/self/ns/net ]; }
}

stop_say() { # arguments: outcome code, sentence, then who was reached
  local code=$1 sentence=$2 reached="" who quote=""
  shift 2
  [ -z "$stop_json" ] || quote='"'
  for who in "$@"; do reached+="${reached:+, }$quote${who//_/ }$quote"; done
  if [ -n "$stop_json" ]; then
    printf '{"code": %s, "message": "%s", "reached": [%s]}\n' "$code" "$sentence" "$reached"
  else
    printf '%s\nReached: %s.\n' "$sentence" "${reached:-nobody}"
  fi
}

# A system of this user that runs under other names than those that were asked for: whoever is in a hurry has to know at once.
stop_elsewhere() {
  local folder=${VLA_RUNTIME_DIR:-/tmp/vla-$UID} path system known=""
  for path in "$folder"/*.stop; do
    stop_pipe "$path" && stop_pipe_lives || continue
    system="domain ${fields[0]}, namespace /${fields[1]//.//}"
    case $known in *"$system"*) ;; *) known+="${known:+ and in }$system" ;; esac
  done
  [ -z "$known" ] || printf 'vla: nothing runs in domain %s, namespace /%s, but a system of yours runs in %s: ./vla stop --all stops it.\n' \
    "${ROS_DOMAIN_ID:-42}" "${stop_namespace#/}" "$known" >&2
}

# Orders a stop from every process of the system that listens here. Prints and returns 0 when the robot is known to
# stand still; otherwise 1, with what is known in `stop_problem`, and the other ways have to be tried.
stop_here() {
  local folder=${VLA_RUNTIME_DIR:-/tmp/vla-$UID} namespace=${stop_namespace#/} path now
  local fields wanted=() others=() where=""
  stop_problem=""
  namespace=${namespace%/} namespace=${namespace//\//.}
  [ -d "$folder" ] && [ -O "$folder" ] && [ ! -L "$folder" ] || return 1
  for path in "$folder"/*.stop; do
    stop_pipe "$path" && stop_pipe_lives || continue
    if [ "${fields[0]}" = "${ROS_DOMAIN_ID:-42}" ] && [ "${fields[1]}" = "$namespace" ]; then wanted+=("$path")
    elif [ -n "$stop_all" ] || { [ -z "${ROS_DOMAIN_ID:-}" ] && [ "${fields[1]}" = "$namespace" ]; }; then others+=("$path"); fi
  done
  # Nobody named a domain, and there is nothing in the usual one: whoever calls for a stop means what runs.
  if [ -n "$stop_all" ] || [ ${#wanted[@]} -eq 0 ]; then wanted+=("${others[@]}"); fi
  if [ ${#wanted[@]} -eq 0 ]; then
    stop_elsewhere
    return 1
  fi

  local answer="$folder/answer-$$-$RANDOM" system role number code text left deadline
  local -A system_of=() owed=() stopped=() refused=()
  local reached=() writers=()
  (umask 077 && mkfifo "$answer") 2>/dev/null || return 1
  exec 4<>"$answer" # before anybody is asked: nothing is written into a pipe that nobody has open
  for path in "${wanted[@]}"; do
    stop_pipe "$path"
    system="${fields[0]} /${fields[1]//.//}"
    system_of["${fields[2]} ${fields[3]},${fields[5]}"]=$system
    owed["$system"]=$((${owed["$system"]:-0} + 1))
    # The pipe of one that hangs may be full: its order waits there, and nobody waits for it. Opened for both, since
    # opening it for writing alone waits for a reader.
    { printf 'stop %s ./vla stop\n' "${answer##*/}" 1<>"$path"; } 2>/dev/null &
    writers+=("%$((${#writers[@]} + 1))") # as jobs of this shell: a process id may be somebody else's by then
  done
  stop_now; deadline=$((now + STOP_TOLD_MS))
  while [ ${#owed[@]} -gt 0 ]; do
    stop_now; left=$((deadline - now))
    [ $left -gt 0 ] || break
    printf -v left '%d.%03d' $((left / 1000)) $((left % 1000))
    IFS=' ' read -r -t "$left" -u 4 role number code text || break
    system=${system_of["$role $number"]:-}
    if [ -z "$system" ]; then continue; fi
    if [ "$code" = told ]; then
      [ ${#reached[@]} -gt 0 ] || deadline=$((deadline - STOP_TOLD_MS + STOP_CONFIRMED_MS))
      reached+=("$role")
      continue
    fi
    owed["$system"]=$((${owed["$system"]:-1} - 1))
    if [ "$code" = 0 ]; then
      stopped["$system"]=yes
    elif [ "$code" != "$STOP_NOT_READY" ]; then
      refused["$system"]="$text"
    fi
    if [ -n "${stopped["$system"]:-}${refused["$system"]:-}" ] || [ "${owed["$system"]}" -le 0 ]; then unset "owed[$system]"; fi
  done
  exec 4>&-
  rm -f "$answer"
  kill "${writers[@]}" 2>/dev/null
  for path in "${wanted[@]}"; do
    stop_pipe "$path"
    system="${fields[0]} /${fields[1]//.//}"
    if [ -n "${refused["$system"]:-}" ]; then
      stop_problem=${refused["$system"]}
    elif [ -z "${stopped["$system"]:-}" ]; then
      stop_problem="The system in domain ${system/ /, namespace } has not confirmed that the robot stands still."
    fi
    system="domain ${system/ /, namespace }"
    case $where in *"$system"*) ;; *) where+="${where:+ and }$system" ;; esac
  done
  if [ -n "$stop_problem" ]; then
    [ ${#reached[@]} -eq 0 ] || stop_problem+=" Reached so far: ${reached[*]//_/ }."
    return 1
  fi
  text="Stopped; the robot stands still. ./vla reset lifts it."
  if [ ${#others[@]} -gt 0 ]; then text="Stopped what runs in $where; it stands still. ./vla reset, with that domain and namespace, lifts it."; fi
  stop_say 0 "$text" "${reached[@]}"
}

# A middleware that is not there would end the last way to a stop before it begins.
stop_middleware() {
  local folder IFS=:
  [ "${RMW_IMPLEMENTATION:-rmw_fastrtps_cpp}" != rmw_fastrtps_cpp ] || return 0
  for folder in ${LD_LIBRARY_PATH:-}; do
    [ ! -e "$folder/lib$RMW_IMPLEMENTATION.so" ] || return 0
  done
  printf "vla: RMW_IMPLEMENTATION is '%s', which is not installed here; rmw_fastrtps_cpp takes its place.\n" "$RMW_IMPLEMENTATION" >&2
  export RMW_IMPLEMENTATION=rmw_fastrtps_cpp
}

stop_verb() { # the arguments of `./vla stop`
  local stop_namespace=vla stop_json="" stop_all="" stop_problem="" unknown=()
  while [ $# -gt 0 ]; do
    case $1 in
      --namespace) stop_namespace=${2:-vla}; [ $# -lt 2 ] || shift ;;
      --namespace=*) stop_namespace=${1#*=} ;;
      --json) stop_json=yes ;;
      --all) stop_all=yes ;;
      -h|--help)
        printf '%s\n' "Usage: ./vla stop [--namespace NAME] [--all] [--json]" "" \
          "Stops all motion at once, and tells who was reached and whether the robot is known to stand still (exit code 0)." \
          "--all: every system of this user on this machine. ROS_DOMAIN_ID names the domain."
        return 0 ;;
      *) unknown+=("$1") ;; # told afterwards: nothing that was typed in haste holds up a stop
    esac
    shift
  done
  local domain=${ROS_DOMAIN_ID-}
  domain=${domain//[[:space:]]/}
  case $domain in [0-9]|[0-9][0-9]|[0-9][0-9][0-9]) [ "$((10#$domain))" -le 232 ] || domain=x ;; esac
  case $domain in
    '') ;;
    *[!0-9]*|????*)
      printf "vla: ROS_DOMAIN_ID is '%s', which is no domain; whatever runs here is stopped.\n" "$ROS_DOMAIN_ID" >&2
      unset ROS_DOMAIN_ID ;;
    *) export ROS_DOMAIN_ID=$((10#$domain)) ;;
  esac
  [ ${#unknown[@]} -eq 0 ] || printf 'vla: ignored: %s\n' "${unknown[*]}" >&2
  stop_here && return 0
  [ -z "$stop_problem" ] || printf '%s Trying the other ways ...\n' "$stop_problem" >&2
  local root environment
  root=$(dirname "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")")
  environment=$root/.vla/env.sh
  if [ ! -f "$environment" ]; then
    stop_say 501 "${stop_problem:-No system of this user listens on this machine.} The other ways need the set-up: ./vla build."
    return 1
  fi
  set +u
  # shellcheck disable=SC1090
  source "$environment"
  stop_middleware
  # Not `python -m`, which would take modules from the current folder.
  exec python "$root/setup/run_module.py" vla_bringup.cli.main stop --namespace "$stop_namespace" ${stop_json:+--json}
}
