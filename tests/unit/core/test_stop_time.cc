#include <catch2/catch.hpp>

#include "core/stop_time.h"

namespace superd::core {
namespace {

using namespace std::chrono_literals;

GroupSpec group(const std::string& name, Duration timeout, std::vector<std::string> needs = {}) {
  GroupSpec spec;
  spec.name = name;
  spec.stop.timeout = timeout;
  spec.depends_on = std::move(needs);
  return spec;
}

}  // namespace

TEST_CASE("stop time: groups that do not depend on each other stop beside each other", "[core]") {
  Spec spec;
  CHECK(stop_time(spec) == 0s);
  spec.groups = {group("a", 10s), group("b", 35s)};
  CHECK(stop_time(spec) == 35s);
}

TEST_CASE("stop time: a group stops after all that depend on it", "[core]") {
  Spec spec;
  spec.groups = {group("db", 10s), group("web", 35s, {"db"}), group("job", 60s, {"db"}),
                 group("front", 5s, {"web"})};
  CHECK(stop_time(spec) == 70s);
  spec.groups[3].stop.timeout = 30s;
  CHECK(stop_time(spec) == 75s);
}

}  // namespace superd::core
