#!/bin/sh
# From a fresh machine to a web application under superd: installs what is missing, builds, starts
# gunicorn with four workers on a free loopback port, and shows what superd does for it. From any
# directory, as root or as an ordinary user (with sudo where a package is missing). Again: ends the
# superd of the last time and begins anew.
set -eu

top=$(cd "$(dirname "$0")/.." && pwd)
. "$top/etc/packages.sh"

step() { printf '\n== %s\n' "$*"; }

# show COMMAND…: the command as one would type it, then what it prints.
show() {
  printf '\n$ %s\n' "$*"
  "$@"
}

# until_true SECONDS COMMAND…: asks every tenth of a second until the command succeeds.
until_true() {
  tries=$(($1 * 10))
  shift
  until "$@"; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 1
    sleep 0.1
  done
}

# A place that the next quickstart finds again, and that nobody else could have put there.
choose_place() {
  base=${XDG_RUNTIME_DIR:-}
  if [ -n "$base" ] && [ -d "$base" ] && [ -O "$base" ] && [ -w "$base" ]; then
    place=$base/superd-quickstart
  else
    place=${TMPDIR:-/tmp}/superd-quickstart-$(id -u)
  fi
  mkdir -m 700 "$place" 2>/dev/null || true
  if [ -L "$place" ] || ! [ -d "$place" ] || ! [ -O "$place" ]; then
    echo "$place is not a directory of yours: remove it, or set TMPDIR" >&2
    exit 1
  fi
}

step "What is needed"
# shellcheck disable=SC2086
packages_need $packages_build $packages_example

step "Build"
build=$top/build
log=$build/quickstart.log
mkdir -p "$build"
echo "Some minutes the first time; what the compiler says is in $log"
# The generator is chosen once a tree: CMake refuses to change it later.
generator=
if [ ! -f "$build/CMakeCache.txt" ] && command -v ninja >/dev/null; then generator='-G Ninja'; fi
{
  # Several sources compiled as one take a third of the time.
  # shellcheck disable=SC2086
  cmake -S "$top" -B "$build" -DCMAKE_UNITY_BUILD=ON $generator &&
    cmake --build "$build" --parallel "$(nproc)" --target superd superctl &&
    cmake --install "$build" --prefix "$build/prefix"
} >"$log" 2>&1 || {
  tail -n 40 "$log" >&2
  exit 1
}
PATH=$build/prefix/bin:$PATH
export PATH

choose_place
# That variable would go before the config.
unset SUPERD_SOCKET
SUPERD_CONFIG=$place/superd.toml
export SUPERD_CONFIG
if [ -f "$SUPERD_CONFIG" ] && superctl -q ping 2>/dev/null; then
  step "An earlier quickstart is still running: it ends first"
  show superctl shutdown
fi

step "An example application"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cp "$top/etc/examples/gunicorn/app.py" "$place/app.py"
edits="s/127\.0\.0\.1:8000/127.0.0.1:$port/"
if [ "$(id -u)" -eq 0 ]; then
  # The workers of root run as www-data, who has to be able to read the application.
  chmod 755 "$place"
  edits="$edits; s/^#user = /user = /"
fi
{
  printf '[superd]\nruntime_dir = "run"\nlog_dir = "log"\n\n'
  sed "$edits" "$top/etc/examples/gunicorn/superd.toml"
} >"$SUPERD_CONFIG"
show grep -vE '^(#|$)' "$SUPERD_CONFIG"

step "Start"
show superd --detach
show superctl status
show superctl status web
show curl -s "http://127.0.0.1:$port/"

step "Whose process is it?"
show superctl pids web --tree
victim=$(superctl pids web.2 --main)
show superctl whose "$victim"

step "Restart: each new process serves before an old one leaves"
show superctl restart web
show curl -s "http://127.0.0.1:$port/"

step "Kill a worker: it comes back"
victim=$(superctl pids web.2 --main)
show kill -9 "$victim"
is_back() { superctl pids web.2 --main | grep -qvx "$victim" && superctl -q status web.2; }
if ! until_true 30 is_back; then
  show superctl why web.2
  exit 1
fi
show superctl status web

cat <<END

== How to go on
superd runs in the background. In this or any other shell:

  export PATH=$build/prefix/bin:\$PATH
  export SUPERD_CONFIG=$SUPERD_CONFIG

  superctl status -v web        each worker's processes
  superctl why web              what happened, and why
  superctl logs web -n 20       what the workers wrote
  superctl --help               all commands

Your own application: copy $top/etc/examples/gunicorn
To stop all of it:   superctl shutdown
END
