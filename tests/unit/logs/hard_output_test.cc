#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "../loop/run_until.h"
#include "files.h"
#include "logs/cri.h"
#include "logs/recordings.h"
#include "os/pipe.h"

using namespace superd;
using namespace superd::logs;

namespace {

struct Captured {
  TempDir dir;
  loop::Loop loop = loop::make_loop();
  Recordings recordings{loop};
  std::string path = dir / "web.1.log";

  UniqueFd start(std::uint64_t spawn, core::LogFormat format) {
    Result<os::Pipe> pipe = os::make_pipe();
    REQUIRE(pipe);
    fcntl(pipe->read.get(), F_SETFL, O_NONBLOCK);
    std::vector<UniqueFd> fds;
    fds.push_back(std::move(pipe->read));
    recordings.start(
        {.spawn = core::SpawnId{spawn}, .worker = "web.1", .path = path, .format = format},
        std::move(fds));
    return std::move(pipe->write);
  }
  // As much at a time as the pipe takes.
  void say(const UniqueFd& pipe, std::string_view text) {
    fcntl(pipe.get(), F_SETFL, O_NONBLOCK);
    while (!text.empty()) {
      const ssize_t count = write(pipe.get(), text.data(), text.size());
      if (count > 0) text.remove_prefix(static_cast<std::size_t>(count));
      recordings.drain_all();
      if (count < 0) loop.run_once();
    }
  }
};

}  // namespace

TEST_CASE("capture: ten thousand writers that live for a line each leave their lines in order",
          "[logs]") {
  Captured f;
  constexpr std::uint64_t kWriters = 10'000;
  std::string expected;
  for (std::uint64_t i = 1; i <= kWriters; ++i) {
    const std::string line = fmt::format("writer {}\n", i);
    f.say(f.start(i, core::LogFormat::raw), line);
    f.recordings.finish(core::SpawnId{i});
    expected += line;
  }
  REQUIRE(loop::run_until(f.loop, [&] { return !f.recordings.busy(); }));
  CHECK((contents(f.path) == expected));
}

TEST_CASE("capture: a line of 1 MB without an end comes whole, in parts of format cri", "[logs]") {
  Captured f;
  std::string line(1'000'000, '\0');
  for (std::size_t i = 0; i < line.size(); ++i) line[i] = static_cast<char>('a' + i % 23);
  f.say(f.start(1, core::LogFormat::cri), line);
  f.recordings.finish(core::SpawnId{1});
  REQUIRE(loop::run_until(f.loop, [&] { return !f.recordings.busy(); }));
  const std::string text = contents(f.path);
  std::string whole;
  int ends = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    const auto piece = parse_cri(std::string_view(text).substr(at, end - at));
    REQUIRE(piece);
    whole += piece->text;
    if (piece->piece == Piece::full) ++ends;
    at = end + 1;
  }
  CHECK((whole == line));
  CHECK(ends == 1);
}

TEST_CASE("capture: 4 MB of any bytes are in a file of format raw as they were", "[logs]") {
  Captured f;
  std::string bytes(4'000'000, '\0');
  std::uint32_t state = 1;
  for (char& byte : bytes) {
    state = state * 1'664'525 + 1'013'904'223;
    byte = static_cast<char>(state >> 24U);
  }
  f.say(f.start(1, core::LogFormat::raw), bytes);
  f.recordings.finish(core::SpawnId{1});
  REQUIRE(loop::run_until(f.loop, [&] { return !f.recordings.busy(); }));
  CHECK((contents(f.path) == bytes));
}
