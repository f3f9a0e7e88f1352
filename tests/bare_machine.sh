#!/bin/sh
# The README's two commands on a bare Debian 12: a tree made by debootstrap, a clean clone of the last
# commit, a new user with sudo. Needs root, debootstrap and a Debian
# mirror; leaves nothing behind.
#   bare_machine.sh [quickstart|tests]…    default: both
set -eu

skip() {
  echo "skipped: $*"
  exit 77
}

# inside TREE WHAT…: in a mount and process namespace of our own, which ends all that was started.
inside() {
  tree=$1
  shift
  mount -t proc proc "$tree/proc"
  mount --rbind /dev "$tree/dev"
  mount -t tmpfs tmpfs "$tree/tmp"
  for what in "$@"; do
    echo "==== $what"
    case $what in
      quickstart)
        # Twice: the second time it finds everything there, and the superd of the first.
        as_user "sh superd/etc/quickstart.sh"
        as_user 'cd / && sh ~/superd/etc/quickstart.sh' | tee "$tree/tmp/second"
        grep -q '^To stop all of it: *superctl shutdown' "$tree/tmp/second"
        # shellcheck disable=SC2016
        as_user 'PATH=$PATH:superd/build/prefix/bin superctl -c /tmp/superd-quickstart-$(id -u)/superd.toml shutdown'
        ;;
      tests) as_user "sh superd/tests/run.sh" ;;
      *) exit 2 ;;
    esac
  done
}

as_user() { chroot "$tree" su - newcomer -c "$1"; }

if [ "${1:-}" = --inside ]; then
  shift
  inside "$@"
  exit
fi

[ "$(id -u)" -eq 0 ] || skip "needs root"
command -v debootstrap >/dev/null || skip "debootstrap is not installed"
unshare --mount --pid --fork true 2>/dev/null || skip "no namespaces of our own here"

script=$(cd "$(dirname "$0")" && pwd)/$(basename "$0")
top=$(dirname "$(dirname "$script")")
[ -d "$top/.git" ] || skip "not a git checkout"
mirror=$(sed -n 's/^URIs: *//p; s/^deb  *\(http[^ ]*\).*/\1/p' /etc/apt/sources.list \
  /etc/apt/sources.list.d/*.sources 2>/dev/null | grep -v security | head -n 1)

tree=$(mktemp -d)
chmod 755 "$tree"
trap 'rm -rf --one-file-system "$tree"' EXIT
echo "==== debootstrap"
debootstrap --variant=minbase --include=sudo,ca-certificates bookworm "$tree" \
  "${mirror:-http://deb.debian.org/debian}" >"$tree.log" 2>&1 || {
  tail -n 5 "$tree.log"
  skip "debootstrap found no mirror that works"
}
rm -f "$tree.log"
cp /etc/resolv.conf "$tree/etc/resolv.conf"
chroot "$tree" useradd --create-home --shell /bin/bash newcomer
echo 'newcomer ALL=(ALL) NOPASSWD: ALL' >"$tree/etc/sudoers.d/newcomer"
git -c safe.directory='*' clone -q "file://$top" "$tree/home/newcomer/superd"
chroot "$tree" chown -R newcomer: /home/newcomer
[ $# -gt 0 ] || set -- quickstart tests
unshare --mount --pid --fork --kill-child sh "$script" --inside "$tree" "$@"
