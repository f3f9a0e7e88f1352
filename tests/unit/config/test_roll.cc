#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "config_fixture.h"

using namespace superd;
using namespace superd::config;
using namespace std::chrono_literals;
using Strings = std::vector<std::string>;

namespace {

// Keys of a group, from line 3 on.
Strings errors_in_group(const std::string& keys) {
  return errors_of("[group.web]\ncommand = ['x']\n" + keys);
}

std::string bad_batch(const std::string& found) {
  return "3:14: group.web.roll.batch: expected a number of workers from 1 to 10000, or a share "
         "from \"1%\" to \"100%\", found " +
         found;
}

}  // namespace

TEST_CASE("roll: one worker at a time, new before old, and back on failure, unless told otherwise",
          "[config]") {
  const core::RollSpec roll = group_of("").roll;
  CHECK(roll.strategy == core::RollStrategy::rolling);
  CHECK(roll.batch.workers == 1);
  CHECK(roll.batch.percent == 0);
  CHECK(roll.before.empty());
  CHECK(roll.before_timeout == 5min);
  CHECK(roll.on_failure == core::OnFailure::rollback);
}

TEST_CASE("roll: every key is read", "[config]") {
  const core::RollSpec roll = group_of(R"(
[group.web.roll]
strategy = "stop-first"
batch = "25%"
before = ["python3", "manage.py", "check", "--tag={group}"]
before_timeout = "1m"
on_failure = "hold"
)")
                                  .roll;
  CHECK(roll.strategy == core::RollStrategy::stop_first);
  CHECK(roll.batch.percent == 25);
  CHECK(roll.before == Strings{"python3", "manage.py", "check", "--tag={group}"});
  CHECK(roll.before_timeout == 1min);
  CHECK(roll.on_failure == core::OnFailure::hold);
  CHECK(group_of("roll.before = \"manage.py 'check it'\"").roll.before ==
        Strings{"manage.py", "check it"});
}

TEST_CASE(
    "roll: a batch is a number, or a share of the workers; more than there are is all of them",
    "[config]") {
  CHECK(group_of("workers = 2\nroll.batch = 8").roll.batch.workers == 8);
  CHECK(group_of("roll.batch = '100%'").roll.batch.percent == 100);
  CHECK(errors_in_group("roll.batch = 0") == Strings{bad_batch("the number 0")});
  CHECK(errors_in_group("roll.batch = 0.5") == Strings{bad_batch("the number 0.5")});
  CHECK(errors_in_group("roll.batch = '0%'") == Strings{bad_batch("the string \"0%\"")});
  CHECK(errors_in_group("roll.batch = '101%'") == Strings{bad_batch("the string \"101%\"")});
  CHECK(errors_in_group("roll.batch = ' 5%'") == Strings{bad_batch("the string \" 5%\"")});
  CHECK(errors_in_group("roll.batch = '2'") ==
        Strings{bad_batch("the string \"2\": write a number without quotes")});
}

TEST_CASE("roll: what cannot be is an error with the remedy", "[config]") {
  CHECK(errors_in_group("roll.strategy = 'stop_first'") ==
        Strings{R"(3:17: group.web.roll.strategy: expected "rolling" or "stop-first", found )"
                R"("stop_first", did you mean "stop-first"?)"});
  CHECK(
      errors_in_group("roll.on_failure = 'abort'") ==
      Strings{R"(3:19: group.web.roll.on_failure: expected "rollback" or "hold", found "abort")"});
  CHECK(
      errors_in_group("roll.before_timeout = '1m'") ==
      Strings{"3:23: group.web.roll.before_timeout: nothing runs before a roll that could take so "
              "long: add before = [\"PROGRAM\"], or leave this out"});
  CHECK(errors_in_group("roll = { before = 'x', before_timeout = '0s' }") ==
        Strings{"3:41: group.web.roll.before_timeout: it must be longer than 0s"});
  CHECK(errors_in_group("roll.before = []") ==
        Strings{"3:15: group.web.roll.before: the command is empty: name a program"});
  CHECK(
      errors_in_group("listen = [':80']\nroll.before = ['x', '{fd:socket}']") ==
      Strings{R"(4:21: group.web.roll.before: {fd:NAME} cannot be used here: only a worker itself )"
              R"(gets the sockets, in "{fd:socket}")"});
}

TEST_CASE("roll: what is rehearsed must be there to be asked, beside one that serves", "[config]") {
  CHECK_FALSE(group_of("").roll.rehearse);
  CHECK(group_of("listen = [':80']\nroll.rehearse = true").roll.rehearse);
  CHECK_FALSE(group_of("listen = [':80']\nroll.rehearse = true").roll.rehearse_http);
  const auto asked = group_of("listen = [':80']\nroll.rehearse = '/up'");
  CHECK(asked.roll.rehearse);
  CHECK(core::rehearsal_http(asked) == core::HttpSpec{.path = "/up", .statuses = {{200, 399}}});
  CHECK(asked.ready.when == core::ReadyWhen::automatic);
  const auto strict = group_of("listen = [':80']\nroll.rehearse = { path = '/', status = 200 }");
  CHECK(core::rehearsal_http(strict) == core::HttpSpec{.path = "/", .statuses = {{200, 200}}});
  CHECK(errors_in_group("listen = [':80']\nroll.rehearse = 1").size() == 1);
  CHECK(errors_in_group("listen = [':80']\nroll.rehearse = 'up'").size() == 1);
  CHECK(errors_in_group("roll.rehearse = true") ==
        Strings{"3:17: group.web.roll.rehearse: a group without sockets cannot be asked by HTTP: "
                "add listen = [\"127.0.0.1:8000\"], or leave this out"});
  CHECK(errors_in_group("listen = [':80']\nroll = { strategy = 'stop-first', rehearse = true }") ==
        Strings{"4:46: group.web.roll.rehearse: with stop-first no process starts beside one that "
                "serves: leave this out, or the strategy"});
}
