#!/bin/sh
# check_unit_file.sh SUPERD SUPERCTL: systemd finds nothing wrong with etc/systemd/superd.service,
# with the programs that were built in place of the installed ones.
command -v systemd-analyze >/dev/null || exit 77
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
sed "s#/usr/bin/superd#$1#; s#/usr/bin/superctl#$2#" ../etc/systemd/superd.service >"$dir/superd.service"
grep -q "$1" "$dir/superd.service" && grep -q "$2" "$dir/superd.service" || exit 1
# It names what is wrong with other units of the machine as well.
found=$(systemd-analyze verify --man=no "$dir/superd.service" 2>&1 | grep -F superd)
[ -z "$found" ] && exit 0
echo "$found"
exit 1
