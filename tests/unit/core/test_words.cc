#include <catch2/catch.hpp>

#include "core/exit.h"
#include "core/state.h"
#include "core/worker_ref.h"

using namespace superd::core;
using namespace std::chrono_literals;

TEST_CASE(
    "exit: how a process ended is told by status, by signal and its name, or by what kept it "
    "from running",
    "[core]") {
  CHECK(describe(Exit::with_status(1)) == "exited with status 1");
  CHECK(describe(Exit::by_signal(9)) == "was killed by signal 9 (KILL)");
  CHECK(describe(Exit::by_signal(40)) == "was killed by signal 40");
  CHECK(describe(Exit::before_exec("chdir /srv/x: No such file or directory")) ==
        "chdir /srv/x: No such file or directory");
  CHECK(describe(Exit{}) == "ended, and how is not known");
}

TEST_CASE("exit: clean is what respawn.success lists; status 0 unless told otherwise", "[core]") {
  RespawnSpec respawn;
  CHECK(is_clean(Exit::with_status(0), respawn));
  CHECK_FALSE(is_clean(Exit::with_status(1), respawn));
  CHECK_FALSE(is_clean(Exit::by_signal(15), respawn));
  respawn.clean_statuses = {3};
  respawn.clean_signals = {15};
  CHECK_FALSE(is_clean(Exit::with_status(0), respawn));
  CHECK(is_clean(Exit::with_status(3), respawn));
  CHECK(is_clean(Exit::by_signal(15), respawn));
  CHECK_FALSE(is_clean(Exit::by_signal(3), respawn));
  CHECK_FALSE(is_clean(Exit::with_status(15), respawn));
}

TEST_CASE("exit: a program that never ran, or of which nothing is known, did not end cleanly",
          "[core]") {
  const RespawnSpec respawn;
  CHECK_FALSE(is_clean(Exit::before_exec("exec: No such file or directory"), respawn));
  CHECK_FALSE(is_clean(Exit{}, respawn));
}

TEST_CASE("durations: messages say them in seconds, below one in milliseconds", "[core]") {
  CHECK(in_words(60s) == "60s");
  CHECK(in_words(1500ms) == "1.5s");
  CHECK(in_words(250ms) == "250ms");
}

TEST_CASE("states: every state has a name of its own, and is found by it", "[core]") {
  for (const WorkerState state : kWorkerStates) CHECK(parse_worker_state(name(state)) == state);
  for (const GroupState state : kGroupStates) CHECK(parse_group_state(name(state)) == state);
  CHECK_FALSE(parse_worker_state("running").has_value());
  CHECK_FALSE(parse_group_state("ready").has_value());
  CHECK_FALSE(parse_group_state("").has_value());
}

TEST_CASE("names: a worker is its group, a dot and its number from 1", "[core]") {
  const auto worker = parse_worker_ref("web-2_x.12");
  REQUIRE(worker.has_value());
  CHECK(*worker == WorkerRef{.group = "web-2_x", .number = 12});
  CHECK(to_string(*worker) == "web-2_x.12");
}

TEST_CASE("names: what is no worker is taken for none", "[core]") {
  for (const char* text :
       {"", ".", "web", "web.", ".1", "web.0", "web.01", "web.+1", "web.-1", "web.1 ", " web.1",
        "web.1.2", "web.x", "Web.1", "all.1", "self.1", "web.99999999999", "web.2147483648"}) {
    INFO(text);
    CHECK_FALSE(parse_worker_ref(text).has_value());
  }
}

TEST_CASE(
    "names: a group is lower-case letters, digits, - and _, beginning with one of the first two",
    "[core]") {
  for (const char* text : {"web", "0", "a-b_c", "9lives", "alle"}) CHECK(is_group_name(text));
  for (const char* text : {"", "-a", "_a", "Web", "we b", "we.b", "wéb", "all", "self"}) {
    INFO(text);
    CHECK_FALSE(is_group_name(text));
  }
}
