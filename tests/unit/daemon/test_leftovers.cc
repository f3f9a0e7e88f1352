#include <map>
#include <utility>

#include <catch2/catch.hpp>

#include "daemon/leftovers.h"

using namespace superd;
using daemon::Leftovers;

namespace {

// Trees that end at a KILL, or never.
class FakeTracker : public daemon::Tracker {
 public:
  bool immortal = false;
  int kills = 0;
  std::map<core::SpawnId, std::function<void()>> ends;

  [[nodiscard]] std::string name() const override { return "fake"; }
  [[nodiscard]] std::string description() const override { return "fake"; }
  Result<UniqueFd> prepare(core::SpawnId) override { return UniqueFd(); }
  void started(core::SpawnId, const os::ProcessId&) override {}
  std::vector<pid_t> members(core::SpawnId) override { return {}; }
  std::optional<core::SpawnId> owner(pid_t) override { return std::nullopt; }
  std::vector<pid_t> unknown() override { return {}; }
  void before_stop(core::SpawnId) override {}
  void signal(core::SpawnId, int) override {}
  void kill(core::SpawnId spawn) override {
    ++kills;
    if (!immortal) std::exchange(ends[spawn], nullptr)();
  }
  void watch_end(core::SpawnId spawn, std::function<void()> gone) override {
    ends[spawn] = std::move(gone);
  }
  void forget(core::SpawnId) override {}
  void close() override {}
};

struct Ending {
  loop::Loop loop = *loop::Loop::create();
  FakeTracker tracker;
  Leftovers leftovers{loop, tracker, 1, std::chrono::microseconds(100)};
  int gone = 0;
  int done = 0;

  void run(int count) {
    std::vector<Leftovers::One> all;
    for (int i = 1; i <= count; ++i) {
      Leftovers::One one;
      one.spawn = core::SpawnId{static_cast<std::uint64_t>(i)};
      one.stop.timeout = core::Duration::zero();
      all.push_back(one);
    }
    leftovers.end(
        all, [this](core::SpawnId) { ++gone; }, [this] { ++done; });
    while (leftovers.ending()) loop.run_once();
  }
};

}  // namespace

TEST_CASE("recovery: what an earlier supervisor left is ended before anything new begins",
          "[leftovers]") {
  Ending ending;
  ending.run(3);
  CHECK(ending.gone == 3);
  CHECK(ending.done == 1);
  CHECK(ending.tracker.kills == 3);
}

TEST_CASE("recovery: without leftovers the new begins at once", "[leftovers]") {
  Ending ending;
  ending.run(0);
  CHECK(ending.done == 1);
}

TEST_CASE("recovery: a process that survives KILL does not hold up the new for ever",
          "[leftovers]") {
  Ending ending;
  ending.tracker.immortal = true;
  ending.run(2);
  CHECK(ending.gone == 2);
  CHECK(ending.done == 1);
}
