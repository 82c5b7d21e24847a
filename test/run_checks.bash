#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Copyright 2026 The VLA workspace authors
#
# All rules that hold for the source, each one a function; `./vla check` calls this with the Python tools on the path.
#
#   run_checks.bash                   all rules, over every tracked file
#   run_checks.bash RULE [FILE ...]   one rule, over every tracked file or over these
#
# The hooks in .pre-commit-config.yaml call it in the second form, so that a commit and CI are held to the same.
set -uo pipefail
cd "${VLA_ROOT:?run this through ./vla check}" || exit 3

RULES=(format lint types spelling markdown shell yaml)

# Tracked files by Git's patterns, or those that were named on the command line.
files() {
  if [ ${#named[@]} -gt 0 ]; then printf '%s\n' "${named[@]}"; else git ls-files -- "$@"; fi
}

check_format() { files '*.py' | xargs -r ruff format --check --force-exclude; }

check_lint() { files '*.py' | xargs -r ruff check --force-exclude; }

# All of the product, strictly; the tests of each package by themselves, because all of them lie in a folder `test`. Always all
# files: a type may be wrong in one that nobody touched.
check_types() {
  local code=0 folder
  git ls-files 'vla_*/vla_*/*.py' 'test/support/*.py' test/run_tests.py | xargs mypy || code=1
  for folder in vla_*/test test/unit test/system; do
    git ls-files "$folder/*.py" | xargs -r mypy --no-error-summary --cache-dir ".mypy_cache/tests/$folder" || code=1
  done
  return $code
}

# What may be misspelled, and why, is in pyproject.toml.
check_spelling() { files | grep -vE '\.(lock|png|onnx|wav)$' | xargs -r codespell; }

check_markdown() { files '*.md' | xargs -r pymarkdown scan; }

check_shell() { files vla .ci/run '*.bash' | xargs -r shellcheck --external-sources; }

check_yaml() { files '*.yaml' '*.yml' CITATION.cff | xargs -r yamllint --strict; }

known() { case " ${RULES[*]} " in *" $1 "*) ;; *) return 1 ;; esac; }

rules=("${RULES[@]}") named=()
if [ $# -gt 0 ]; then
  known "$1" || { echo "check: there is no rule '$1' (${RULES[*]})" >&2; exit 2; }
  rules=("$1") named=("${@:2}")
fi
failed=()
for rule in "${rules[@]}"; do
  [ ${#rules[@]} -eq 1 ] || echo "== $rule"
  "check_$rule" || failed+=("$rule")
done
[ ${#failed[@]} -eq 0 ] || { echo "check: failed: ${failed[*]}" >&2; exit 1; }
