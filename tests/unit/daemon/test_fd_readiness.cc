#include <string>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "daemon/fd_readiness.h"
#include "os/pipe.h"

using namespace superd;
using namespace superd::daemon;

namespace {

constexpr core::SpawnId kSpawn{7};

struct Watching {
  loop::Loop loop = *loop::Loop::create();
  os::Pipe pipe = *os::make_pipe();
  int ready = 0;
  FdReadiness readiness{loop, [this](core::SpawnId) { ++ready; }};

  Watching() { readiness.watch(kSpawn, pipe.read.get()); }
  void write(const std::string& text) const {
    REQUIRE(::write(pipe.write.get(), text.data(), text.size()) ==
            static_cast<ssize_t>(text.size()));
  }
  void run_until_ready() {
    while (ready == 0) loop.run_once();
  }
};

}  // namespace

TEST_CASE("readiness: a newline on the descriptor that {fd:ready} names means ready", "[ready]") {
  Watching watching;
  watching.write("\n");
  watching.run_until_ready();
  CHECK(watching.ready == 1);
  CHECK(watching.readiness.reason(kSpawn).empty());
}

TEST_CASE("readiness: text before the newline means nothing", "[ready]") {
  Watching watching;
  watching.write("soon");
  watching.loop.run_once();
  CHECK(watching.ready == 0);
  watching.write(" now\nand more");
  watching.run_until_ready();
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

TEST_CASE("readiness: a worker that writes on after the newline does not stand still", "[ready]") {
  Watching watching;
  // What it says is more than its pipe holds, whether superd still waits for it or not.
  const bool ends_watch = GENERATE(false, true);
  if (ends_watch) watching.readiness.unwatch(kSpawn);
  std::thread worker([&] {
    const std::string text(10'000, '\n');
    for (int i = 0; i < 100; ++i) {
      if (::write(watching.pipe.write.get(), text.data(), text.size()) < 0) break;
    }
    watching.pipe.write.reset();
  });
  // It comes to its end when the worker's end is closed.
  watching.loop.run();
  worker.join();
  CHECK(watching.ready == (ends_watch ? 0 : 1));
  CHECK(watching.readiness.reason(kSpawn).empty());
}

TEST_CASE("readiness: a worker that is forgotten is not read any more", "[ready]") {
  Watching watching;
  watching.write("\n");
  watching.run_until_ready();
  watching.readiness.forget(kSpawn);
  watching.loop.run();
  CHECK(watching.ready == 1);
}

TEST_CASE("readiness: what was written before anybody looked counts", "[ready]") {
  Watching watching;
  watching.readiness.forget(kSpawn);
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
