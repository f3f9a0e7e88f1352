#include <unistd.h>

#include <catch2/catch.hpp>

#include "errand_fixture.h"
#include "os/process.h"

using namespace superd;
using daemon::ErrandEnd;
using tests::ErrandFixture;
using tests::Tracked;
using Lines = std::vector<std::string>;

namespace {

// The process whose PID is the file's text is gone, or dead and waiting for nobody.
bool is_gone(const std::string& pid) {
  const auto pidfd = os::open_pidfd(static_cast<pid_t>(std::stol(pid)));
  return !pidfd || os::has_ended(pidfd->get());
}

}  // namespace

TEST_CASE("an errand: it runs in the worker's directory with the worker's environment",
          "[errands]") {
  ErrandFixture fixture;
  fixture.run(
      {"/bin/sh", "-c", "pwd -P; echo $WHO $SUPERD_GROUP $SUPERD_WORKER $SUPERD_GENERATION"});
  CHECK(fixture.ended().how == ErrandEnd::How::succeeded);
  CHECK(fixture.ended().message.empty());
  CHECK(fixture.ended().output == Lines{fixture.directory, "web.1@7 web web.1 7"});
}

TEST_CASE(
    "an errand: it has no descriptor but its three, nothing to read, and a session of its own",
    "[errands]") {
  ErrandFixture fixture;
  fixture.run({"/bin/sh", "-c",
               "for n in 3 4 5 6 7 8 9; do test -e /proc/$$/fd/$n && echo descriptor $n; done; cat;"
               "cut -d' ' -f6 /proc/$$/stat; echo $$"});
  REQUIRE(fixture.ended().how == ErrandEnd::How::succeeded);
  const Lines& output = fixture.ended().output;
  REQUIRE(output.size() == 2);
  CHECK(output[0] == output[1]);
}

TEST_CASE("an errand: it belongs to the worker as which it runs until it is gone", "[errands]") {
  ErrandFixture fixture;
  const core::SpawnId id = fixture.run({"/bin/sh", "-c", "exit 0"});
  CHECK(fixture.errands->worker_of(id) == core::WorkerRef{.group = "web", .number = 1});
  fixture.ended();
  while (fixture.errands->worker_of(id)) fixture.loop.run_once();
}

TEST_CASE("an errand: how it ended is told in words, with the last lines of both streams",
          "[errands]") {
  ErrandFixture fixture;
  SECTION("an exit status") {
    fixture.run({"/bin/sh", "-c", "echo said; echo complained >&2; exit 3"});
    CHECK(fixture.ended().how == ErrandEnd::How::failed);
    CHECK(fixture.ended().message == "exited with status 3");
    CHECK(fixture.ended().output == Lines{"said", "complained"});
  }
  SECTION("a signal") {
    fixture.run({"/bin/sh", "-c", "kill -KILL $$"});
    CHECK(fixture.ended().how == ErrandEnd::How::failed);
    CHECK(fixture.ended().message == "was killed by signal 9 (KILL)");
  }
  SECTION("a program that is missing") {
    fixture.run({"./manage.py", "check"});
    CHECK(fixture.ended().how == ErrandEnd::How::never_ran);
    CHECK(fixture.ended().message == "exec ./manage.py: No such file or directory");
  }
  SECTION("a text that cannot be expanded") {
    fixture.run({"check", "{fd:socket}"});
    CHECK(fixture.ends == 0);
    CHECK(fixture.ended().how == ErrandEnd::How::never_ran);
    CHECK_FALSE(fixture.ended().message.empty());
  }
  fixture.idle();
  CHECK(fixture.ends == 1);
}

TEST_CASE("an errand: one that writes without end is followed to its last lines", "[errands]") {
  ErrandFixture fixture;
  fixture.run({"/bin/sh", "-c", "i=0; while [ $i -lt 50000 ]; do echo line $i; i=$((i+1)); done"});
  REQUIRE(fixture.ended().how == ErrandEnd::How::succeeded);
  CHECK(fixture.ended().output.size() == 20);
  CHECK(fixture.ended().output.back() == "line 49999");
}

TEST_CASE("an errand: one that does not end in time is killed with all that it started",
          "[errands]") {
  ErrandFixture fixture(GENERATE(Tracked::by_session, Tracked::strongest));
  fixture.run({"/bin/sh", "-c", "trap '' TERM; sleep 600 & echo $! >child; echo waits; wait"},
              std::chrono::milliseconds(500));
  CHECK(fixture.ended().how == ErrandEnd::How::failed);
  CHECK(fixture.ended().message == "did not end within 500ms");
  fixture.idle();
  CHECK(fixture.ends == 1);
  const std::string child = fixture.read("child");
  if (!child.empty()) CHECK(is_gone(child));
}

TEST_CASE("an errand: what it leaves behind is killed, and its end does not wait for that",
          "[errands]") {
  ErrandFixture fixture(GENERATE(Tracked::by_session, Tracked::strongest));
  fixture.run({"/bin/sh", "-c", "sleep 600 & echo $! >child; echo done"});
  CHECK(fixture.ended().how == ErrandEnd::How::succeeded);
  CHECK(fixture.ended().output == Lines{"done"});
  fixture.until([&] { return is_gone(fixture.read("child")); });
  fixture.idle();
  CHECK(fixture.tracker->unknown().empty());
}

TEST_CASE("an errand: one that is cancelled is killed and says nothing more", "[errands]") {
  ErrandFixture fixture(GENERATE(Tracked::by_session, Tracked::strongest));
  const core::SpawnId errand =
      fixture.run({"/bin/sh", "-c", "sleep 600 & echo $! >child; echo begun; wait"});
  fixture.until([&] { return fixture.errands->output(errand) == Lines{"begun"}; });
  CHECK_FALSE(is_gone(fixture.read("child")));
  fixture.errands->cancel(errand);
  fixture.until([&] { return is_gone(fixture.read("child")); });
  fixture.idle();
  CHECK(fixture.ends == 0);
}

TEST_CASE("an errand: one that was cancelled before it could fail says nothing", "[errands]") {
  ErrandFixture fixture;
  fixture.errands->cancel(fixture.run({"check", "{fd:socket}"}));
  fixture.idle();
  CHECK(fixture.ends == 0);
}

TEST_CASE("an errand: while it runs its processes are known", "[errands]") {
  ErrandFixture fixture(GENERATE(Tracked::by_session, Tracked::strongest));
  const core::SpawnId errand = fixture.run({"/bin/sh", "-c", "sleep 600 & echo begun; wait"});
  fixture.until([&] { return !fixture.errands->output(errand).empty(); });
  CHECK(daemon::is_errand(errand));
  CHECK(fixture.tracker->members(errand).size() == 2);
  CHECK(fixture.tracker->owner(fixture.tracker->members(errand).front()) == errand);
  CHECK(fixture.tracker->unknown().empty());
}

TEST_CASE("an errand: ids are no spawn's, of this or another supervisor", "[errands]") {
  CHECK(daemon::is_errand(daemon::first_errand(1)));
  CHECK_FALSE(daemon::is_errand(core::SpawnId{std::uint64_t{1} << 47}));
  CHECK(daemon::first_errand(2) > daemon::first_errand(1));
}

TEST_CASE("an errand: its environment tells a later supervisor whose it is", "[errands]") {
  ErrandFixture fixture;
  const core::SpawnId errand = fixture.run({"/bin/sh", "-c", "echo $SUPERD_ERRAND"});
  CHECK(fixture.ended().output ==
        Lines{daemon::notify_dir(fixture.directory) + "/" + core::to_string(errand)});
}
