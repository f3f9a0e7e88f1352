#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "files.h"
#include "logs/cri.h"
#include "logs/recordings.h"
#include "os/output_pipe.h"

namespace superd::logs {

// What one worker writes to, and the read ends for the logger.
struct Output {
  std::vector<UniqueFd> write_ends;
  std::vector<UniqueFd> read_ends;

  explicit Output(std::size_t pipes) {
    for (std::size_t i = 0; i < pipes; ++i) {
      Result<os::OutputPipe> pipe = os::make_output_pipe();
      REQUIRE(pipe);
      write_ends.push_back(std::move(pipe->write));
      read_ends.push_back(std::move(pipe->read));
    }
  }
  // For a second capture: the same pipes.
  [[nodiscard]] std::vector<UniqueFd> again() const {
    std::vector<UniqueFd> copies;
    for (const UniqueFd& fd : read_ends) copies.emplace_back(fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
    return copies;
  }
  void say(std::string_view text, std::size_t pipe = 0) const {
    REQUIRE(write(write_ends.at(pipe).get(), text.data(), text.size()) ==
            static_cast<ssize_t>(text.size()));
  }
};

// `stdout F text` of each line of a file in format cri.
inline std::vector<std::string> without_time(const std::string& path) {
  std::vector<std::string> lines;
  std::string text = contents(path);
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    const auto line = parse_cri(std::string_view(text).substr(at, end - at));
    REQUIRE(line);
    lines.push_back(std::string(line->time.size() == 30 ? "" : "BAD TIME ") +
                    std::string(name(line->stream)) + (line->piece == Piece::full ? " F " : " P ") +
                    std::string(line->text));
    at = end + 1;
  }
  return lines;
}

struct RecordingsFixture {
  TempDir dir;
  loop::Loop loop = std::move(*loop::Loop::create());
  std::vector<core::SpawnId> matched;
  Recordings recordings{loop, [this](core::SpawnId spawn) { matched.push_back(spawn); }};
  std::string path = dir / "web.1.log";

  [[nodiscard]] Capture capture(std::uint64_t spawn,
                                core::LogFormat format = core::LogFormat::cri) const {
    return {.spawn = core::SpawnId{spawn}, .worker = "web.1", .path = path, .format = format};
  }
};

}  // namespace superd::logs
