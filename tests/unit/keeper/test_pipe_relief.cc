#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "keeper/pipe_relief.h"
#include "keeper_under_test.h"

using namespace superd;
using namespace superd::keeper;
using superd::keeper::test::KeeperUnderTest;

namespace {

// A pipe of 64 KiB, or another size, that does not wait.
struct Pipe {
  explicit Pipe(int size = 65536) {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    read.reset(ends[0]);
    write.reset(ends[1]);
    REQUIRE(::fcntl(write.get(), F_SETPIPE_SZ, size) == size);
    const std::string path = "/proc/self/fd/" + std::to_string(read.get());
    both.reset(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    REQUIRE(both);
  }
  // Writes of that size until the pipe takes no more, or `most` were made; how many it took.
  std::size_t fill(std::size_t bytes, std::size_t most = 1'000'000) const {
    std::size_t count = 0;
    const std::string text(bytes, static_cast<char>('a' + count % 26));
    while (count < most && ::write(write.get(), text.data(), bytes) == static_cast<ssize_t>(bytes))
      ++count;
    return count;
  }
  [[nodiscard]] std::size_t left() const {
    std::string text(1 << 20, ' ');
    const ssize_t size = ::read(read.get(), text.data(), text.size());
    return size > 0 ? static_cast<std::size_t>(size) : 0;
  }
  UniqueFd read;
  UniqueFd write;
  UniqueFd both;
};

}  // namespace

TEST_CASE("relief: a pipe with room is left as it is", "[keeper]") {
  const Pipe pipe;
  CHECK(relieve_pipe(pipe.both.get()) == 0);
  REQUIRE(pipe.fill(1024, 47) == 47);
  CHECK(relieve_pipe(pipe.both.get()) == 0);
  CHECK(pipe.left() == 47 * 1024);
}

TEST_CASE("relief: a pipe that is nearly full loses its older half, and only that", "[keeper]") {
  const Pipe pipe;
  REQUIRE(pipe.fill(1024, 24) == 24);
  REQUIRE(::write(pipe.write.get(), std::string(24 * 1024, 'n').data(), 24 * 1024) == 24 * 1024);
  CHECK(relieve_pipe(pipe.both.get()) == 24 * 1024);
  std::string rest(65536, ' ');
  const ssize_t size = ::read(pipe.read.get(), rest.data(), rest.size());
  CHECK(size == 24 * 1024);
  CHECK(rest.find_first_not_of('n') == static_cast<std::size_t>(size));
}

TEST_CASE("relief: a pipe is full with half of its bytes where every page is filled by half",
          "[keeper]") {
  const Pipe pipe;
  const std::size_t count = pipe.fill(2049);
  REQUIRE(count < 20);
  CHECK(relieve_pipe(pipe.both.get()) == count * 2049 / 2);
  CHECK(pipe.fill(2049) >= count / 2 - 1);
}

TEST_CASE("relief: a pipe of a single page is emptied", "[keeper]") {
  const Pipe pipe(4096);
  REQUIRE(pipe.fill(1024) == 4);
  CHECK(relieve_pipe(pipe.both.get()) == 4096);
  CHECK(pipe.left() == 0);
}

TEST_CASE("relief: a pipe that no worker writes to is left alone", "[keeper]") {
  const Pipe pipe;
  REQUIRE(pipe.fill(4096) == 16);
  const auto relieve = [&](const std::string& name) {
    ItemStore items;
    std::vector<UniqueFd> fds;
    fds.push_back(duplicate(pipe.both.get()));
    items.put(name, std::move(fds));
    return PipeRelief().relieve(items);
  };
  CHECK(relieve("transit/7/web.1") == 0);
  CHECK(relieve("block/7/web.1") == 0);
  CHECK(relieve("out/7/web.1") == 8 * 4096);
}

TEST_CASE("relief: what each pipe has lost is told when the logger is back, once", "[keeper]") {
  const Pipe pipe;
  REQUIRE(pipe.fill(4096) == 16);
  ItemStore items;
  std::vector<UniqueFd> fds;
  fds.push_back(duplicate(pipe.both.get()));
  items.put("out/7/web.1", std::move(fds));
  PipeRelief relief;
  CHECK(relief.relieve(items) == 8 * 4096);
  REQUIRE(pipe.fill(4096) == 8);
  CHECK(relief.relieve(items) == 8 * 4096);
  CHECK(relief.back() == std::map<std::string, std::uint64_t>{{"out/7/web.1", 16 * 4096}});
  CHECK(relief.back().empty());
}

TEST_CASE("relief: what is no pipe is nothing to be relieved", "[keeper]") {
  const UniqueFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  CHECK(relieve_pipe(null.get()) == 0);
}

TEST_CASE("keeper: a worker does not stand while the logger dies again and again", "[keeper]") {
  const KeeperUnderTest keeper;
  REQUIRE(keeper.supervised(1));
  REQUIRE(keeper.nth_event(1, "logger got hello"));
  std::ofstream(keeper.file("no logger")).put('\n');
  REQUIRE(::kill(keeper.nth_pid(1, "logger"), SIGKILL) == 0);
  keeper.signal(SIGRTMIN + 7);
  CHECK(keeper.nth_event(1, "written"));
  REQUIRE(std::filesystem::remove(keeper.file("no logger")));
  CHECK(keeper.nth_event(1, "logger hears that out/7/web.1 lost "));
}
