#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace superd::logs {

// What a worker wrote to; `both` where one pipe carries the two (format raw).
enum class Stream : std::uint8_t { out, err, both };

// `stdout`, `stderr`, `both`.
std::string_view name(Stream stream);

// One line of a worker's output, without its newline.
struct Line {
  std::string worker = {};  // `web.1`
  // RFC 3339 in UTC with nanoseconds; empty where it is not known (read from a file of format raw).
  std::string time = {};
  Stream stream = Stream::both;
  std::string text = {};  // bytes as written, which need not be UTF-8
};

// Orders the lines of several workers by time; lines of one worker keep their order. A line without
// a time stays behind the line before it.
std::vector<Line> merged_by_time(std::vector<std::vector<Line>> sources);

}  // namespace superd::logs
