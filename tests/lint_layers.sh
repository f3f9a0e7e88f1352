#!/bin/sh
# Checks what ARCHITECTURE's arrows and the house style promise about the sources, by grep.
#   lint_layers.sh [ROOT]       checks the checkout at ROOT (default: this one)
#   lint_layers.sh --self-test  makes a small tree with one breach of each rule and expects all found
set -u

here=$(cd "$(dirname "$0")" && pwd)

# Which folders of lib/ the sources of a folder may include from.
allowed() {
  case $1 in
    lib/base) echo base ;;
    lib/core) echo base core ;;
    lib/config) echo base core config ;;
    lib/wire) echo base core wire ;;
    lib/os) echo base os ;;
    lib/doctor) echo base os doctor ;;
    lib/journal) echo base core os journal ;;
    lib/loop) echo base core os loop ;;
    lib/keeper) echo base os keeper ;;
    lib/logs) echo base core os loop keeper logs ;;
    lib/client) echo base core config wire client ;;
    lib/shim) echo shim ;;
    lib/daemon) echo base core config wire os doctor journal loop keeper logs daemon ;;
    cmd/superd) echo base core config os keeper logs daemon ;;
    cmd/superctl) echo base core config wire doctor client ;;
  esac
}

breach() { printf '%s\n' "$1"; }

# each RULE: every line of stdin (FILE:LINE:TEXT) is a breach of RULE.
each() {
  while IFS= read -r line; do
    case $line in ?*) breach "$line  <- $1" ;; esac
  done <<LINES
$(cat)
LINES
}

sources() { find "$@" -type f \( -name '*.cc' -o -name '*.h' \) 2>/dev/null | sort; }

# code PATTERN FILES…: grep -nE over the code alone, without comments and texts in quotes.
code() {
  pattern=$1
  shift
  for file in "$@"; do
    sed -e 's/\\"//g' -e "s/'\"'//g" -e 's/"[^"]*"/""/g' -e 's://.*$::' "$file" |
      grep -nE "$pattern" | sed "s|^|$file:|"
  done
}

check_arrows() {
  for folder in lib/* cmd/*; do
    [ -d "$folder" ] || continue
    may=$(allowed "$folder")
    if [ -z "$may" ]; then
      breach "$folder  <- a folder that ARCHITECTURE does not know"
      continue
    fi
    # A program's own files are included by their path from cmd/ or by name.
    may=$(echo "$may" | tr ' ' '|')
    for file in $(sources "$folder"); do
      grep -nE '^#include "[a-z_0-9]+/' "$file" | grep -vE "#include \"($may|${folder#*/})/" |
        sed "s|^|$file:|" | each "$folder may include from: $may"
    done
  done
}

check_core_is_pure() {
  files=$(sources lib/core)
  [ -n "$files" ] || return 0
  # shellcheck disable=SC2086
  {
    grep -nE '^#include <(sys/.*|unistd\.h|fcntl\.h|poll\.h|uv\.h|fstream|iostream|cstdio|stdio\.h|filesystem|random|thread|mutex|ctime|time\.h)>' \
      $files /dev/null | grep -v '<sys/types.h>'
    grep -nE '^#include "base/log\.h"' $files /dev/null
    code '::now\(|getenv\(|random_device|[^_a-z]time\(' $files
  } | each 'lib/core does no I/O, asks no clock and writes no log'
}

check_single_users() {
  for library in toml++ boost re2; do
    users=$(sources lib cmd | xargs -r grep -lE "^#include <$library/" /dev/null)
    # shellcheck disable=SC2086
    set -- $users
    [ $# -le 1 ] || breach "$*  <- only one file may include <$library/>"
  done
}

check_owners() {
  files=$(sources lib cmd | grep -v '^lib/base/unique_fd\.h$')
  outside_loop=$(sources lib cmd | grep -v '^lib/loop/')
  # shellcheck disable=SC2086
  {
    code '(^|[^A-Za-z0-9_>])::close\(' $files
    code 'uv_close\(' $outside_loop
    code '(^|[^A-Za-z0-9_])(new [A-Za-z:_]+[({<;]|delete [A-Za-z_]+;)' $outside_loop
  } | each 'one owner per resource: UniqueFd, the handles of lib/loop, unique_ptr'
  # shellcheck disable=SC2086
  code 'uv_(spawn|fs_event_[a-z]+)\(' $files | each 'libuv loses exits and events there: lib/os does it'
}

check_sizes() {
  for file in $(sources lib cmd tests); do
    lines=$(wc -l <"$file")
    [ "$lines" -le 400 ] || breach "$file: $lines lines  <- no file has more than 400"
  done
}

check_headers() {
  for file in $(sources lib cmd | grep '\.h$'); do
    grep -q '^#pragma once$' "$file" || breach "$file  <- no #pragma once"
  done
}

check_all() {
  cd "$1" || exit 2
  check_arrows
  check_core_is_pure
  check_single_users
  check_owners
  check_sizes
  check_headers
}

# expect RULE FILE LINE…: a tree with only this file in it is found to be in breach.
expect() {
  rule=$1
  file=$2
  shift 2
  rm -rf "$scratch/tree"
  mkdir -p "$scratch/tree/lib" "$scratch/tree/cmd" "$scratch/tree/tests" \
    "$scratch/tree/$(dirname "$file")"
  printf '%s\n' "$@" >"$scratch/tree/$file"
  if "$here/lint_layers.sh" "$scratch/tree" >/dev/null 2>&1; then
    echo "not found: $rule" >&2
    missed=1
  fi
}

self_test() {
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  missed=0
  expect 'core includes os' lib/core/a.cc '#include "os/spawn.h"'
  expect 'client includes daemon' lib/client/a.cc '#include "daemon/supervisor.h"'
  expect 'superctl includes os' cmd/superctl/a.cc '#include "os/spawn.h"'
  expect 'a folder of its own' lib/util/a.cc 'int a;'
  expect 'core calls the kernel' lib/core/a.cc '#include <sys/stat.h>'
  expect 'core reads a clock' lib/core/a.cc 'auto t = std::chrono::steady_clock::now();'
  expect 'core logs' lib/core/a.cc '#include "base/log.h"'
  expect 'naked close' lib/os/a.cc 'void f(int fd) { ::close(fd); }'
  expect 'naked uv_close' lib/daemon/a.cc 'void f() { uv_close(handle, nullptr); }'
  expect 'naked new' lib/daemon/a.cc 'auto* a = new Thing();'
  expect 'uv_spawn' lib/loop/a.cc 'int r = uv_spawn(loop, process, options);'
  # shellcheck disable=SC2046
  expect 'a long file' lib/base/a.cc $(seq 1 401)
  expect 'a header without guard' lib/base/a.h 'int a;'
  mkdir -p "$scratch/two/lib/wire" "$scratch/two/cmd"
  for name in a b; do printf '#include <boost/beast.hpp>\n' >"$scratch/two/lib/wire/$name.cc"; done
  if "$here/lint_layers.sh" "$scratch/two" >/dev/null 2>&1; then
    echo 'not found: two users of Boost' >&2
    missed=1
  fi
  rm -rf "$scratch/tree" && mkdir -p "$scratch/tree/lib/core" "$scratch/tree/cmd"
  printf '%s\n' '#include <sys/types.h>' '#include "base/result.h"' \
    '// a new thing; ::close(fd) and uv_close( are only spoken of' 'const char* t = "new Thing(";' \
    >"$scratch/tree/lib/core/a.cc"
  if ! "$here/lint_layers.sh" "$scratch/tree"; then
    echo 'found a breach where none is' >&2
    missed=1
  fi
  exit "$missed"
}

if [ "${1:-}" = --self-test ]; then self_test; fi
breaches=$(check_all "${1:-$here/..}")
if [ -n "$breaches" ]; then
  printf '%s\n' "$breaches" >&2
  exit 1
fi
