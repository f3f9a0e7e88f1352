#!/bin/sh
# Every source of ours is as clang-format makes it. Mend with `clang-format -i FILE`.
set -u
cd "$(dirname "$0")/.." || exit 2
tracked=$(git ls-files 'lib/*.cc' 'lib/*.h' 'cmd/*.cc' 'cmd/*.h' 'tests/*.cc' 'tests/*.h' 2>/dev/null)
# Not in a checkout (an unpacked archive, or one that git does not trust): what lies here.
[ -n "$tracked" ] || tracked=$(find lib cmd tests -name '*.cc' -o -name '*.h')
# shellcheck disable=SC2086
exec clang-format --dry-run -Werror $tracked
