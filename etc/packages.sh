# Sourced by etc/quickstart.sh and tests/run.sh: which Debian packages superd needs, and how they get here.
# shellcheck shell=sh disable=SC2034

packages_build="g++ cmake ninja-build pkg-config libuv1-dev libtomlplusplus-dev libfmt-dev
  libcli11-dev nlohmann-json3-dev libexpected-dev libboost1.81-dev zlib1g-dev libre2-dev"
packages_example="gunicorn python3 curl procps"
packages_test="$packages_example catch2 uwsgi-core uwsgi-plugin-python3 uvicorn python3-waitress
  python3-cheroot clang-format mandoc"
packages_full="strace valgrind clang-tidy debootstrap python3-gevent python3-hypercorn apache2-bin
  libapache2-mod-wsgi-py3 puma unicorn php8.2-fpm nodejs daphne python3-twisted"

# Prints those of the named packages that are not installed, one a line.
packages_missing() {
  for package_name in "$@"; do
    case $(dpkg-query -W -f='${Status}' "$package_name" 2>/dev/null) in
      *' installed') ;;
      *) printf '%s\n' "$package_name" ;;
    esac
  done
}

# Runs apt-get as root: directly, or through sudo. Returns 1 where neither is possible.
packages_apt() {
  if [ "$(id -u)" -eq 0 ]; then
    DEBIAN_FRONTEND=noninteractive apt-get "$@"
  elif sudo -n true 2>/dev/null || { [ -t 0 ] && command -v sudo >/dev/null; }; then
    sudo env DEBIAN_FRONTEND=noninteractive apt-get "$@"
  else
    return 1
  fi
}

# Installs what is missing of the named packages; touches nothing and needs no rights when nothing
# is. Fails with a text that names what is missing and how to get it.
packages_need() {
  if ! command -v dpkg-query >/dev/null; then
    echo "This is no Debian or Ubuntu: nothing is installed for you. Needed, by Debian's names:" >&2
    printf '  %s\n' "$*" >&2
    return 0
  fi
  # shellcheck disable=SC2046
  set -- $(packages_missing "$@")
  [ $# -gt 0 ] || return 0
  echo "Installing what is missing: $*"
  if packages_apt install -y -q --no-install-recommends "$@" >/dev/null 2>&1; then return 0; fi
  # A fresh machine has no package lists yet, or old ones.
  packages_apt update -q >/dev/null 2>&1 || true
  if packages_apt install -y -q --no-install-recommends "$@"; then return 0; fi
  # shellcheck disable=SC2046
  set -- $(packages_missing "$@")
  {
    echo
    echo "Missing, and not to be had from here (no network, or no rights to install): $*"
    echo "Install them as root, then run this again:"
    echo "  apt-get update && apt-get install --no-install-recommends $*"
  } >&2
  return 1
}
