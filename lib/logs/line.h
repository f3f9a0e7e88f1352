#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace superd::logs {

// What a worker wrote to; `both` where one pipe carries the two (format raw).
enum class Stream : std::uint8_t { out, err, both };

// `stdout`, `stderr`, `both`.
std::string_view name(Stream stream);
// Whether a line of `stream` is wanted by who wants `only`. What is of both may be of either.
inline bool is_of(Stream stream, Stream only) {
  return only == Stream::both || stream == Stream::both || stream == only;
}

// Where reading goes on in the files of a worker: which file (a number that no other one has, for
// as long as it is kept and whatever its name becomes), and bytes from its begin. File 0: at the
// begin of the oldest that there is.
struct Place {
  std::uint64_t file = 0;
  std::uint64_t offset = 0;

  friend bool operator==(const Place&, const Place&) = default;
};

// What is told of a reading beside its lines, in their order.
enum class Note : std::uint8_t {
  none,     // a line
  missed,   // the file at whose place it was to go on is no longer kept: here the oldest begins
  more,     // the end of what was read; more is there already
  reached,  // the same, and it is all there is
};

// `none`, `missed`, `more`, `reached`.
std::string_view name(Note note);

// One line of a worker's output, without its newline.
struct Line {
  std::string worker = {};  // `web.1`
  // RFC 3339 in UTC with nanoseconds; empty where it is not known (read from a file of format raw).
  std::string time = {};
  Stream stream = Stream::both;
  std::string text = {};  // bytes as written, which need not be UTF-8
  // Of a reading that can go on: behind this line. Nothing where another line is not whole there.
  std::optional<Place> place = {};
  Note note = Note::none;
};

// Orders the lines of several workers by time; lines of one worker keep their order. A line without
// a time stays behind the line before it.
std::vector<Line> merged_by_time(std::vector<std::vector<Line>> sources);

}  // namespace superd::logs
