#include "os/oom_kills.h"

#include <catch2/catch.hpp>

namespace superd::os {

TEST_CASE("oom kills: the kernel's count is found by its whole name", "[os]") {
  CHECK(parse_oom_kills("nr_free_pages 7\nmy_oom_kill 9\noom_kill 3\noom_kill_disable 4\n") == 3U);
  CHECK(parse_oom_kills("nr_free_pages 7\noom_kill 12") == 12U);
  CHECK_FALSE(parse_oom_kills("nr_free_pages 7\n"));
  CHECK_FALSE(parse_oom_kills("a 1\noom_kill x\n"));
  CHECK_FALSE(parse_oom_kills(""));
}

TEST_CASE("oom kills: this kernel counts them", "[os]") { CHECK(oom_kills()); }

}  // namespace superd::os
