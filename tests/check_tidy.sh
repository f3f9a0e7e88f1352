#!/bin/sh
# clang-tidy (.clang-tidy) over every source of superd: check_tidy.sh BUILD-TREE
set -eu
cd "$(dirname "$0")/.."
[ -f "$1/compile_commands.json" ] || exit 2
# xargs ends with 123 when one of the calls failed.
find lib cmd -name '*.cc' | sort | xargs -P "$(nproc)" -n 1 clang-tidy -p "$1" --quiet 2>/dev/null
