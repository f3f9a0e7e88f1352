#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "daemon/fd_readiness.h"

using namespace superd;
using namespace superd::daemon;

namespace {

constexpr core::SpawnId kSpawn{7};

struct Watching {
  loop::Loop loop = *loop::Loop::create();
  ReadyPipe pipe = *make_ready_pipe();
  int ready = 0;
  FdReadiness readiness{loop, [this](core::SpawnId) { ++ready; }};

  Watching() { readiness.watch(kSpawn, pipe.read.get()); }
  void write(const std::string& text) const {
    REQUIRE(::write(pipe.write.get(), text.data(), text.size()) ==
            static_cast<ssize_t>(text.size()));
  }
};

}  // namespace

TEST_CASE("readiness: a newline on the descriptor that {fd:ready} names means ready", "[ready]") {
  Watching watching;
  watching.write("\n");
  // The watch has ended, so the loop does.
  watching.loop.run();
  CHECK(watching.ready == 1);
  CHECK(watching.readiness.reason(kSpawn).empty());
}

TEST_CASE("readiness: text before the newline means nothing", "[ready]") {
  Watching watching;
  watching.write("soon");
  watching.loop.run_once();
  CHECK(watching.ready == 0);
  watching.write(" now\nand more");
  watching.loop.run();
  CHECK(watching.ready == 1);
}

TEST_CASE("readiness: a descriptor that is closed without a newline is not ready, and told",
          "[ready]") {
  Watching watching;
  watching.write("never");
  watching.pipe.write.reset();
  watching.loop.run();
  CHECK(watching.ready == 0);
  CHECK(watching.readiness.reason(kSpawn) == "it closed its {fd:ready} without a newline");
  watching.readiness.unwatch(kSpawn);
  CHECK(watching.readiness.reason(kSpawn).empty());
}

TEST_CASE("readiness: what was written before anybody looked counts", "[ready]") {
  Watching watching;
  watching.readiness.unwatch(kSpawn);
  watching.write("\n");
  watching.pipe.write.reset();
  watching.readiness.watch(kSpawn, watching.pipe.read.get());
  watching.loop.run();
  CHECK(watching.ready == 1);
}

TEST_CASE("readiness: the pipe of {fd:ready} is nobody else's", "[ready]") {
  const Watching watching;
  for (const int fd : {watching.pipe.read.get(), watching.pipe.write.get()}) {
    CHECK((::fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
  }
  // The worker's end blocks, as any pipe does that a program inherits.
  CHECK((::fcntl(watching.pipe.write.get(), F_GETFL) & O_NONBLOCK) == 0);
}
