#!/bin/sh
# Runs a unit test program under valgrind and fails for what valgrind finds, and for nothing else:
# Debian 12's valgrind knows neither clone3 nor pidfd_open, so the test cases that start processes
# fail under it. The ordinary and the sanitizer round judge those.
valgrind -q --error-exitcode=99 --leak-check=full --show-leak-kinds=definite \
  --errors-for-leak-kinds=definite --suppressions="$(dirname "$0")/valgrind.supp" --child-silent-after-fork=yes "$@"
[ $? -ne 99 ]
