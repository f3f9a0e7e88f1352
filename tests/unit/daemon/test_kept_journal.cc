#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "daemon/journal.h"
#include "journal/record.h"

using namespace superd;

namespace {

// Journals of superds that were released, as they left them in the midst of a roll. One is added
// with each version and none is changed.
std::string kept(const std::string& version) {
  std::ifstream in(std::string(SUPERD_TEST_JOURNALS) + "/" + version, std::ios::binary);
  REQUIRE(in);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::optional<daemon::Recovered> recover(const std::string& bytes) {
  std::vector<std::string> complaints;
  return daemon::read_back(journal::decode(bytes).values, complaints);
}

}  // namespace

TEST_CASE("journal: one that an earlier version wrote is read whole", "[daemon]") {
  const journal::Content content = journal::decode(kept("0.1.0"));
  REQUIRE(content.head);
  CHECK(content.bad_lines == 0);
  std::vector<std::string> complaints;
  const auto recovered = daemon::read_back(content.values, complaints);
  REQUIRE(recovered);
  CHECK(complaints.empty());
  CHECK(recovered->version == "0.1.0");
  CHECK(recovered->start_told);
  REQUIRE(recovered->groups.size() == 3);
  const core::Group& web = recovered->groups[0];
  CHECK(web.name == "web");
  CHECK(web.in_force == 2);
  REQUIRE(web.roll);
  CHECK(web.roll->generation == 3);
  REQUIRE(web.workers.size() == 2);
  REQUIRE(web.workers[0].life);
  CHECK(web.workers[0].life->pid == 9777);
  CHECK(web.workers[0].draining.size() == 1);
  REQUIRE(web.workers[1].life);
  CHECK(web.workers[1].life->generation == 2);
  CHECK(recovered->processes.at(web.workers[0].life->spawn).main.pid == 9777);
  CHECK(recovered->groups[1].state == core::GroupState::stopped);
  CHECK(recovered->groups[2].workers.at(0).state == core::WorkerState::backoff);
}

TEST_CASE("journal: bytes that changed, went or came anywhere cost no more than what they held",
          "[daemon]") {
  const unsigned seed = std::random_device{}();
  CAPTURE(seed);
  std::mt19937 random(seed);
  const std::string good = kept("0.1.0");
  const auto below = [&](std::size_t limit) { return random() % limit; };
  for (int i = 0; i < 100; ++i) {
    std::string bytes = good;
    for (std::size_t blows = 1 + below(4); blows > 0; --blows) {
      const std::size_t at = below(bytes.size());
      switch (below(4)) {
        case 0:
          bytes[at] = static_cast<char>(random());
          break;
        case 1:
          bytes.erase(at, 1 + below(2000));
          break;
        case 2:
          bytes.insert(at, good.substr(below(good.size()), 1 + below(2000)));
          break;
        default:
          bytes.resize(at + 1);
      }
    }
    const auto recovered = recover(bytes);
    if (!recovered) continue;
    // What is said to run is known as a process.
    for (const core::Group& group : recovered->groups) {
      for (const core::Worker& worker : group.workers) {
        core::each_life(worker, [&](const core::Life& life) {
          CHECK((life.pid == 0 || recovered->processes.contains(life.spawn)));
        });
      }
    }
  }
}

// The check of a line keeps out what changed by chance; what has a right check and a wrong meaning
// is kept out by the reader.
TEST_CASE("journal: a value that is another's, or none, is told and does no harm", "[daemon]") {
  const journal::Content content = journal::decode(kept("0.1.0"));
  for (const auto& [key, value] : content.values) {
    for (const std::string& wrong : {std::string("{}"), std::string("[]"), std::string("null"),
                                     std::string("{\"pid\":-1}"), value.substr(0, value.size() / 2),
                                     content.values.at("order"), content.values.at("daemon")}) {
      auto values = content.values;
      values[key] = wrong;
      CAPTURE(key, wrong);
      std::vector<std::string> complaints;
      CHECK_NOTHROW(daemon::read_back(values, complaints));
    }
  }
}
