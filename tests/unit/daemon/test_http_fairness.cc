#include <string>

#include <catch2/catch.hpp>

#include "http_fixture.h"

namespace superd::daemon::test {

TEST_CASE("control: many requests that are sent at once keep no other client waiting", "[daemon]") {
  ServerUnderTest under;
  // Each answer takes longer than a tick of the loop's clock.
  std::string many;
  for (int i = 0; i < 300; ++i) many += get("/echo-slowly");
  Client greedy = under.connect();
  greedy.send(many);
  REQUIRE(under.run_until([&] { return under.targets.size() > 1; }));

  Client other = under.connect();
  other.send(get("/echo"));
  REQUIRE(under.run_until([&] { return !other.received().empty(); }));
  CHECK(under.targets.size() < 50);
}

}  // namespace superd::daemon::test
