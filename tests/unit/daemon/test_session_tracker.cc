#include <catch2/catch.hpp>

#include "daemon/session_tracker.h"

using namespace superd;
using daemon::attribute;
using daemon::KnownTrees;

namespace {

constexpr pid_t kKeeper = 10;
constexpr core::SpawnId kWeb{1};
constexpr core::SpawnId kApi{2};

os::ProcessInfo process(pid_t pid, pid_t parent, pid_t session, char state = 'S') {
  os::ProcessInfo info;
  info.id = {.pid = pid, .start_time = static_cast<std::uint64_t>(pid) * 100};
  info.parent = parent;
  info.session = session;
  info.state = state;
  return info;
}

os::ProcessId id(pid_t pid) { return process(pid, 0, 0).id; }

const daemon::CookieOf kNoCookies = [](pid_t) { return std::nullopt; };

// The keeper, its supervisor 11 and logger 12, and the workers 100 and 200.
std::vector<os::ProcessInfo> machine() {
  return {process(1, 0, 1),         process(kKeeper, 1, 10), process(11, kKeeper, 11),
          process(12, kKeeper, 12), process(100, 11, 100),   process(200, 11, 200)};
}

KnownTrees two_trees() {
  return {{kWeb, {.main = id(100), .seen = {id(100)}}},
          {kApi, {.main = id(200), .seen = {id(200)}}}};
}

}  // namespace

TEST_CASE("session: what superd runs beside the workers, and all below it, is nobody's",
          "[daemon]") {
  auto processes = machine();
  processes.push_back(process(300, 11, 300));  // a hook of the supervisor's
  processes.push_back(process(301, 300, 300));
  processes.push_back(process(302, 301, 302));
  const auto found =
      attribute(os::ProcessTable(processes), kKeeper, {11, 12}, two_trees(), kNoCookies);
  CHECK(found.size() == 2);
}

TEST_CASE("session: a stranger that leads a session with the PID of an ended worker is nobody's",
          "[daemon]") {
  KnownTrees trees = two_trees();
  trees[kWeb].main.start_time -= 1;
  trees[kWeb].seen = {trees[kWeb].main};
  const std::vector<os::ProcessInfo> below = {process(1, 0, 1), process(kKeeper, 1, 10),
                                              process(100, kKeeper, 100), process(101, 100, 100)};
  CHECK(attribute(os::ProcessTable(below), kKeeper, {}, trees, kNoCookies).at(100) == std::nullopt);
  CHECK(attribute(os::ProcessTable(below), kKeeper, {}, trees, kNoCookies).at(101) == std::nullopt);
  // And where it is not the keeper's.
  const std::vector<os::ProcessInfo> elsewhere = {process(1, 0, 1), process(kKeeper, 1, 10),
                                                  process(100, 1, 100), process(101, 1, 100)};
  CHECK(attribute(os::ProcessTable(elsewhere), kKeeper, {}, trees, kNoCookies).empty());
  // What it left behind in its session stays its own, for nobody gets its PID meanwhile.
  const std::vector<os::ProcessInfo> left = {process(1, 0, 1), process(kKeeper, 1, 10),
                                             process(101, 1, 100)};
  CHECK(attribute(os::ProcessTable(left), kKeeper, {}, trees, kNoCookies).at(101) == kWeb);
}

TEST_CASE("tracking: what runs below a main process belongs to its worker", "[tracker]") {
  auto all = machine();
  all.push_back(process(101, 100, 100));
  all.push_back(process(102, 101, 102));  // its own session, but still linked
  const auto found = attribute(os::ProcessTable(all), kKeeper, {11, 12}, two_trees(), kNoCookies);
  CHECK(found.at(101) == kWeb);
  CHECK(found.at(102) == kWeb);
  CHECK(found.at(200) == kApi);
  CHECK_FALSE(found.contains(11));
  CHECK_FALSE(found.contains(12));
}

TEST_CASE("tracking: an orphan that stayed in its session is found by it", "[tracker]") {
  auto all = machine();
  all.push_back(process(300, kKeeper, 200));
  CHECK(attribute(os::ProcessTable(all), kKeeper, {11, 12}, two_trees(), kNoCookies).at(300) ==
        kApi);
}

TEST_CASE("tracking: an orphan that was seen in its tree before is still known", "[tracker]") {
  auto all = machine();
  all.push_back(process(300, kKeeper, 300));
  all.push_back(process(301, 300, 300));
  KnownTrees trees = two_trees();
  trees[kWeb].seen.insert(id(300));
  const auto found = attribute(os::ProcessTable(all), kKeeper, {11, 12}, trees, kNoCookies);
  CHECK(found.at(300) == kWeb);
  CHECK(found.at(301) == kWeb);
}

TEST_CASE("tracking: a PID that was reused is not taken for the process that had it", "[tracker]") {
  auto all = machine();
  auto stranger = process(300, kKeeper, 300);
  stranger.id.start_time = 7;
  all.push_back(stranger);
  KnownTrees trees = two_trees();
  trees[kWeb].seen.insert(id(300));
  CHECK(attribute(os::ProcessTable(all), kKeeper, {11, 12}, trees, kNoCookies).at(300) ==
        std::nullopt);
}

TEST_CASE("tracking: the environment tells of an orphan that left its session", "[tracker]") {
  auto all = machine();
  all.push_back(process(300, kKeeper, 300));
  const auto cookie = [](pid_t pid) -> std::optional<core::SpawnId> {
    return pid == 300 ? std::optional(kApi) : std::nullopt;
  };
  CHECK(attribute(os::ProcessTable(all), kKeeper, {11, 12}, two_trees(), cookie).at(300) == kApi);
}

TEST_CASE("tracking: an orphan that nothing attributes is unknown, and so is what is below it",
          "[tracker]") {
  auto all = machine();
  all.push_back(process(300, kKeeper, 300));
  all.push_back(process(301, 300, 300));
  const auto found = attribute(os::ProcessTable(all), kKeeper, {11, 12}, two_trees(), kNoCookies);
  CHECK(found.at(300) == std::nullopt);
  CHECK(found.at(301) == std::nullopt);
}

TEST_CASE("tracking: processes that are not below the keeper are nobody's", "[tracker]") {
  auto all = machine();
  all.push_back(process(400, 1, 100));
  CHECK_FALSE(
      attribute(os::ProcessTable(all), kKeeper, {11, 12}, two_trees(), kNoCookies).contains(400));
}
