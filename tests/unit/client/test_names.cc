#include <catch2/catch.hpp>

#include "client/names.h"

namespace superd::client {
namespace {

const std::vector<KnownGroup> kKnown = {
    {"web", {"web.1", "web.2"}}, {"web-api", {"web-api.1"}}, {"cache", {"cache.1"}}};

std::vector<std::string> labels(const std::vector<std::string>& names) {
  std::vector<std::string> found;
  for (const auto& target : resolve(names, kKnown).targets) found.push_back(target.label());
  return found;
}

std::string complaint(const std::string& name) {
  const auto resolution = resolve({name}, kKnown);
  REQUIRE(resolution.unknown.size() == 1);
  CHECK(resolution.targets.empty());
  return resolution.unknown.front();
}

using Labels = std::vector<std::string>;

}  // namespace

TEST_CASE("names: a name is a group, a worker, a glob or all", "[client]") {
  CHECK(labels({"web"}) == Labels{"web"});
  CHECK(labels({"web.2"}) == Labels{"web.2"});
  CHECK(labels({"web*"}) == Labels{"web", "web-api"});
  CHECK(labels({"all"}) == Labels{"web", "web-api", "cache"});
}

TEST_CASE("names: a glob is over workers where no group matches it", "[client]") {
  CHECK(labels({"web.*"}) == Labels{"web.1", "web.2"});
  CHECK(labels({"*.1"}) == Labels{"web.1", "web-api.1", "cache.1"});
}

TEST_CASE("names: each target is acted on once, in the order of the names", "[client]") {
  CHECK(labels({"cache", "web", "cache"}) == Labels{"cache", "web"});
  CHECK(labels({"web.2", "web"}) == Labels{"web"});
}

TEST_CASE("names: self is passed on, for superd knows who asks", "[client]") {
  CHECK(labels({"self"}) == Labels{"self"});
  CHECK(resolve({"self"}, {}).targets.front().path() == "/v1/groups/self");
}

TEST_CASE("names: a target has its place on the control socket", "[client]") {
  CHECK(resolve({"web"}, kKnown).targets.front().path() == "/v1/groups/web");
  CHECK(resolve({"web.2"}, kKnown).targets.front().path() == "/v1/workers/web.2");
}

TEST_CASE("names: a near miss is answered with what may have been meant", "[client]") {
  CHECK(complaint("wbe") == R"(no such group or worker "wbe", did you mean "web"?)");
  CHECK(complaint("zzzzzz") == R"(no such group or worker "zzzzzz")");
  CHECK(complaint("x*") == R"(no group or worker matches "x*")");
  CHECK(complaint("web.7") == R"(no such worker "web.7": web has 2 workers)");
}

TEST_CASE("names: all is no mistake where there is no group", "[client]") {
  const auto resolution = resolve({"all"}, {});
  CHECK(resolution.targets.empty());
  CHECK(resolution.unknown.empty());
}

}  // namespace superd::client
