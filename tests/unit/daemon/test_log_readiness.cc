#include <vector>

#include <catch2/catch.hpp>

#include "daemon/log_readiness.h"

using namespace superd;
using namespace superd::daemon;

namespace {

constexpr core::SpawnId kSpawn{7};

struct Waiting {
  loop::Loop loop = *loop::Loop::create();
  int ready = 0;
  int stopped = 0;
  LogReadiness readiness{loop,
                         {.seen = [this](core::SpawnId) { ++ready; },
                          .stop_matching = [this](core::SpawnId) { ++stopped; }}};

  Waiting() { readiness.expect(kSpawn, "up\n"); }
};

}  // namespace

TEST_CASE("readiness: a line of the worker's output that matches means ready", "[ready]") {
  Waiting waiting;
  CHECK(waiting.readiness.match(kSpawn) == "up\n");
  waiting.readiness.watch(kSpawn);
  waiting.loop.run_once();
  CHECK(waiting.ready == 0);
  CHECK(waiting.readiness.reason(kSpawn) == R"(no line of its output matched /up\n/)");
  waiting.readiness.found(kSpawn);
  CHECK(waiting.ready == 0);
  waiting.loop.run_once();
  CHECK(waiting.ready == 1);
  CHECK(waiting.readiness.reason(kSpawn).empty());
  waiting.readiness.unwatch(kSpawn);
  CHECK(waiting.stopped == 0);
}

TEST_CASE("readiness: a line that came before superd began to wait counts", "[ready]") {
  Waiting waiting;
  waiting.readiness.found(kSpawn);
  // A logger that is started anew need not look again.
  CHECK(waiting.readiness.match(kSpawn).empty());
  waiting.loop.run_once();
  CHECK(waiting.ready == 0);
  waiting.readiness.watch(kSpawn);
  CHECK(waiting.ready == 0);
  waiting.loop.run_once();
  CHECK(waiting.ready == 1);
}

TEST_CASE("readiness: a worker that is waited for no more ends the looking", "[ready]") {
  Waiting waiting;
  waiting.readiness.watch(kSpawn);
  waiting.readiness.unwatch(kSpawn);
  CHECK(waiting.stopped == 1);
  CHECK(waiting.readiness.match(kSpawn).empty());
  // Told before the order arrived.
  waiting.readiness.found(kSpawn);
  waiting.readiness.watch(kSpawn);
  waiting.loop.run_once();
  CHECK(waiting.ready == 0);
}
