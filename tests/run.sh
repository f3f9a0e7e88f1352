#!/bin/sh
# Builds superd and runs its tests: `sh tests/run.sh` the quick ones, `sh tests/run.sh full` the long
# ones too. From any directory; as root, or as a user with sudo when a package is missing.
#   build-tests/asan    the unit tests with AddressSanitizer and UndefinedBehaviorSanitizer
#   build-tests/normal  superd, superctl and the scenario tests
# and in the full round both trees have everything.
set -eu

tier=${1:-quick}
case $tier in
  quick | full) ;;
  *)
    echo "usage: tests/run.sh [quick|full]" >&2
    exit 2
    ;;
esac

cd "$(dirname "$0")/.."
. etc/packages.sh
# shellcheck disable=SC2086
packages_need $packages_build $packages_test
# shellcheck disable=SC2086
if [ "$tier" = full ]; then packages_need $packages_full; fi

jobs=$(nproc)
generator=
if command -v ninja >/dev/null; then generator=Ninja; fi

# build TREE TARGETS… -- CMAKE-OPTIONS…
build() {
  tree=build-tests/$1
  shift
  targets=
  while [ "$1" != -- ]; do
    targets="$targets $1"
    shift
  done
  shift
  echo "== $tree:$targets"
  # The generator is chosen once a tree: CMake refuses to change it later.
  if [ ! -f "$tree/CMakeCache.txt" ] && [ -n "$generator" ]; then set -- "$@" -G "$generator"; fi
  cmake -S . -B "$tree" -DSUPERD_TESTS=ON -DSUPERD_WERROR=ON "$@" >"$tree.configure.log" 2>&1 || {
    cat "$tree.configure.log" >&2
    exit 1
  }
  # shellcheck disable=SC2086
  cmake --build "$tree" --parallel "$jobs" --target $targets
}

# Eight sources in one: what takes the time is to read the headers and to instantiate their templates.
# The normal tree of the long round compiles each alone, so that a missing #include is found.
unity='-DCMAKE_UNITY_BUILD=ON'

# Optimised enough to be judged, and built in half the time of -O2 -g.
light='-DCMAKE_CXX_FLAGS_RELWITHDEBINFO=-O1 -g1'

mkdir -p build-tests
if [ "$tier" = full ]; then
  build asan all -- -DSUPERD_SANITIZE=ON -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-g1 "$unity"
  build normal all -- -DCMAKE_BUILD_TYPE=RelWithDebInfo "$light" -DCMAKE_UNITY_BUILD=OFF
  labels='quick|full'
else
  build asan unit_tests -- -DSUPERD_SANITIZE=ON -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS_DEBUG=-g1 "$unity"
  build normal superd superctl scenario_tests -- -DCMAKE_BUILD_TYPE=RelWithDebInfo "$light" "$unity"
  labels=quick
fi

# One ctest run over both trees, so that its summary counts everything; one test more than there are
# processors, for scenarios mostly wait.
printf 'subdirs(asan normal)\n' >build-tests/CTestTestfile.cmake
exec ctest --test-dir build-tests -L "$labels" -j "$((jobs + 1))" --output-on-failure
