#include <algorithm>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "../loop/run_until.h"
#include "files.h"
#include "full_disk.h"
#include "logs/recordings.h"
#include "logs/rotating_file.h"
#include "os/output_pipe.h"
#include "os/splice.h"

using namespace superd;
using namespace superd::logs;

namespace {

UniqueFd transit_pipe() {
  Result<UniqueFd> pipe = os::make_transit_pipe();
  REQUIRE(pipe);
  return std::move(*pipe);
}

void fill(const UniqueFd& pipe, std::string_view bytes) {
  REQUIRE(write(pipe.get(), bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
}

// What the keeper has of a worker whose log has format raw.
struct Kept {
  os::OutputPipe output = std::move(*os::make_output_pipe());
  UniqueFd transit = transit_pipe();

  [[nodiscard]] std::vector<UniqueFd> pipes() const {
    std::vector<UniqueFd> copies;
    copies.push_back(duplicate(output.write.get()));
    copies.push_back(duplicate(transit.get()));
    return copies;
  }
};

Capture capture_to(const std::string& path) {
  return {
      .spawn = core::SpawnId{1}, .worker = "web.1", .path = path, .format = core::LogFormat::raw};
}

// `00000001\n` and so on, and odd amounts at a time.
std::string numbers(int count) {
  std::string text;
  for (int i = 1; i <= count; ++i) text += fmt::format("{:08}\n", i);
  return text;
}

[[noreturn]] void write_all(int pipe, std::string_view text) {
  std::size_t size = 1;
  while (!text.empty()) {
    size = size * 31 % 301 + 1;
    const ssize_t count = write(pipe, text.data(), std::min(size, text.size()));
    if (count <= 0) _exit(1);
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  _exit(0);
}

pid_t run_in_child(const std::function<void()>& run) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child > 0) return child;
  run();
  _exit(0);
}

bool has_ended(pid_t child) { return waitpid(child, nullptr, WNOHANG) == child; }

}  // namespace

TEST_CASE("raw: whenever the logger is killed, every byte is in the file once and in order",
          "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  const std::string text = numbers(3'000'000);
  const Kept kept;
  const pid_t writer = run_in_child([&] { write_all(kept.output.write.get(), text); });
  int kills = 0;
  constexpr int kSpan = 4001;
  int span = kSpan;  // microseconds
  std::size_t written = 0;
  while (!has_ended(writer)) {
    const pid_t logger = run_in_child([&] {
      loop::Loop loop = loop::make_loop();
      Recordings recordings(loop);
      recordings.start(capture_to(path), kept.pipes());
      loop.run();
    });
    // A moment that is another one each time, not one to wait for; later where a process needs
    // longer than that to begin.
    usleep(static_cast<useconds_t>(500 + kills * 7919 % span));
    kill(logger, SIGKILL);
    REQUIRE(waitpid(logger, nullptr, 0) == logger);
    ++kills;
    const std::size_t now = std::filesystem::exists(path) ? std::filesystem::file_size(path) : 0;
    span = std::exchange(written, now) == now ? std::min(span * 2, 100 * kSpan) : kSpan;
  }
  loop::Loop loop = loop::make_loop();
  Recordings recordings(loop);
  recordings.start(capture_to(path), kept.pipes());
  recordings.finish(core::SpawnId{1});
  REQUIRE(loop::run_until(loop, [&] { return !recordings.busy(); }));
  INFO(kills << " kills");
  CHECK(kills > 5);
  CHECK((contents(path) == text));
}

TEST_CASE("raw: what an earlier logger had taken is written first, and seen", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  const Kept kept;
  fill(kept.transit, "taken by one ");
  fill(kept.output.write, "that was killed\nand more\n");
  loop::Loop loop = loop::make_loop();
  std::vector<core::SpawnId> matched;
  Recordings recordings(loop, [&](core::SpawnId spawn) { matched.push_back(spawn); });
  Capture capture = capture_to(path);
  capture.match = "^taken by one that was killed$";
  recordings.start(capture, kept.pipes());
  recordings.drain_all();
  REQUIRE(loop::run_until(loop, [&] { return !recordings.busy(); }));
  CHECK(contents(path) == "taken by one that was killed\nand more\n");
  CHECK(texts(recordings.last(core::SpawnId{1}, 9)) ==
        std::vector<std::string>{"taken by one that was killed", "and more"});
  CHECK(matched.size() == 1);
}

TEST_CASE("raw: a capture that comes again keeps the transit pipe that it has", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  const Kept kept;
  loop::Loop loop = loop::make_loop();
  Recordings recordings(loop);
  std::vector<UniqueFd> of_an_older_superd = kept.pipes();
  of_an_older_superd.pop_back();
  recordings.start(capture_to(path), std::move(of_an_older_superd));
  fill(kept.output.write, "one\ntw");
  recordings.drain_all();
  recordings.start(capture_to(path), kept.pipes());
  fill(kept.output.write, "o\n");
  recordings.drain_all();
  REQUIRE(loop::run_until(loop, [&] { return !recordings.busy(); }));
  CHECK(contents(path) == "one\ntwo\n");
  CHECK(texts(recordings.last(core::SpawnId{1}, 9)) == std::vector<std::string>{"one", "two"});
}

TEST_CASE("raw: of much output the last lines are whole", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  const Kept kept;
  loop::Loop loop = loop::make_loop();
  Recordings recordings(loop);
  recordings.start(capture_to(path), kept.pipes());
  fcntl(kept.output.write.get(), F_SETPIPE_SZ, 1 << 20);
  const auto room = static_cast<std::size_t>(fcntl(kept.output.write.get(), F_GETPIPE_SZ));
  const std::string text = numbers(static_cast<int>(room / 9));
  fill(kept.output.write, text);
  recordings.drain_all();
  const std::vector<std::string> last = texts(recordings.last(core::SpawnId{1}, 100));
  REQUIRE(last.size() == TailRing::kMaxLines);
  CHECK(last.back() == fmt::format("{:08}", room / 9));
  CHECK(last.front() == fmt::format("{:08}", room / 9 - 49));
  recordings.finish(core::SpawnId{1});
  REQUIRE(loop::run_until(loop, [&] { return !recordings.busy(); }));
  CHECK((contents(path) == text));
}

TEST_CASE("raw: a worker that writes without end loses nothing, and has its last lines", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  const std::string text = numbers(2'000'000);
  const Kept kept;
  loop::Loop loop = loop::make_loop();
  Recordings recordings(loop);
  recordings.start(capture_to(path), kept.pipes());
  const pid_t writer = run_in_child([&] {
    for (std::string_view left = text; !left.empty();) {
      const ssize_t count = write(kept.output.write.get(), left.data(), left.size());
      if (count <= 0) _exit(1);
      left.remove_prefix(static_cast<std::size_t>(count));
    }
  });
  // Its last lines may be asked for at any time, and are lines.
  int asked = 0;
  REQUIRE(loop::run_until(loop, [&] {
    if (++asked < 100) {
      for (const std::string& line : texts(recordings.last(core::SpawnId{1}, 9)))
        CHECK(line.size() <= 8);
    }
    return has_ended(writer);
  }));
  recordings.finish(core::SpawnId{1});
  REQUIRE(loop::run_until(loop, [&] { return !recordings.busy(); }));
  CHECK((contents(path) == text));
  const std::vector<std::string> last = texts(recordings.last(core::SpawnId{1}, 100));
  REQUIRE(last.size() == TailRing::kMaxLines);
  CHECK(last.back() == "02000000");
  CHECK(last.front() == "01999951");
}

TEST_CASE("raw: what the disk has no room for stays in the pipe, or is dropped and counted",
          "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  const UniqueFd pipe = transit_pipe();
  RotatingFile file(path, {});
  fill(pipe, "abcdef");
  {
    const FullDisk full(4);
    CHECK_FALSE(file.pass(pipe.get(), stamp(), RotatingFile::Rest::keep));
    CHECK(contents(path) == "abcd");
    CHECK(os::bytes_in(pipe.get()) == 2);
    CHECK(file.lost() == 0);
    CHECK(file.pass(pipe.get(), stamp(), RotatingFile::Rest::drop));
    CHECK(os::bytes_in(pipe.get()) == 0);
  }
  fill(pipe, "gh\n");
  CHECK(file.pass(pipe.get(), stamp(), RotatingFile::Rest::drop));
  CHECK(contents(path) == "abcd\nsuperd: 2 bytes lost: File too large\ngh\n");
}

TEST_CASE("raw: bytes go to the end that the file has, whoever cut it or wrote to it", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  const UniqueFd pipe = transit_pipe();
  RotatingFile file(path, {});
  const auto pass = [&](std::string_view text) {
    fill(pipe, text);
    CHECK(file.pass(pipe.get(), stamp(), RotatingFile::Rest::keep));
  };
  pass("one\ntwo\n");
  REQUIRE(truncate(path.c_str(), 4) == 0);
  pass("three\n");
  CHECK(contents(path) == "one\nthree\n");
  const UniqueFd other(open(path.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
  fill(other, "somebody\n");
  file.write("in lines\n", core::LogFormat::cri, stamp());
  pass("four\n");
  CHECK(contents(path) == "one\nthree\nsomebody\nin lines\nfour\n");
}

TEST_CASE("raw: files are split at a line's end where there is one, out of a pipe as well",
          "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  const UniqueFd pipe = transit_pipe();
  RotatingFile file(path, {.max_size = 10, .keep = 9});
  fill(pipe, "abc\ndefghij");
  CHECK(file.pass(pipe.get(), stamp(), RotatingFile::Rest::keep));
  CHECK(contents(path + ".1") == "abc\n");
  CHECK(contents(path) == "defghij");
  fill(pipe, std::string(25, 'x'));
  CHECK(file.pass(pipe.get(), stamp(), RotatingFile::Rest::keep));
  CHECK(contents(path + ".4") == "abc\n");
  CHECK(contents(path + ".3") == "defghijxxx");
  CHECK(contents(path + ".2") == std::string(10, 'x'));
  CHECK(contents(path + ".1") == std::string(10, 'x'));
  CHECK(contents(path) == "xx");
}

TEST_CASE("raw: a file that may only grow takes the bytes as well", "[logs]") {
  const TempDir dir;
  const std::string path = dir / "web.1.log";
  put(path, "before\n");
  const UniqueFd handle(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  int flags = FS_APPEND_FL;
  // Not everybody may, and not every file system can.
  if (ioctl(handle.get(), FS_IOC_SETFLAGS, &flags) != 0) return;
  const UniqueFd pipe = transit_pipe();
  RotatingFile file(path, {});
  const std::string text = numbers(7000);
  fill(pipe, text.substr(0, 60'000));
  CHECK(file.pass(pipe.get(), stamp(), RotatingFile::Rest::keep));
  {
    const FullDisk full(60'010);
    fill(pipe, "0123456789");
    CHECK_FALSE(file.pass(pipe.get(), stamp(), RotatingFile::Rest::keep));
    CHECK(os::bytes_in(pipe.get()) == 7);
  }
  CHECK(file.pass(pipe.get(), stamp(), RotatingFile::Rest::keep));
  CHECK((contents(path) == "before\n" + text.substr(0, 60'000) + "0123456789"));
  flags = 0;
  CHECK(ioctl(handle.get(), FS_IOC_SETFLAGS, &flags) == 0);
}
