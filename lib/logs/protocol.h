#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "core/spec.h"
#include "core/worker_ref.h"
#include "logs/line.h"
#include "logs/log_counts.h"

// What supervisor and logger say to each other: JSON objects, one a SEQPACKET message, each below
// kMaxMessage bytes. What is longer goes in several messages, all but the last with `more`.
// Descriptors travel with `capture` only. Bytes that are not UTF-8 become U+FFFD on the way.
namespace superd::logs {

inline constexpr std::size_t kMaxMessage = std::size_t{60} * 1024;

enum class RequestId : std::uint64_t {};

// ---- supervisor to logger

// Which captures do you have? Asked on every new channel.
struct Hello {
  RequestId request{};
};

// Write what comes out of these pipes into a file. With it come the read ends, or handles for both
// directions: one for raw, and behind it the transit pipe (os::make_transit_pipe); those of stdout
// and stderr for cri and json. No answer: what goes wrong with the file is the logger's to bear. A
// spawn that is captured already from the same pipes keeps its capture and takes the new limits and
// `match`.
//
// With `match`, Matched is told for the first line that it is found in, of those that come out of
// the pipes from here on; at once where it is what the capture looked for before, and has found.
struct Capture {
  core::SpawnId spawn{};
  std::string worker = {};
  std::string path = {};  // absolute; empty: nothing is written, only the last lines are kept
  core::LogFormat format = core::LogFormat::cri;
  std::uint64_t max_size = 0;  // bytes; 0: never rotated
  int keep = 0;                // rotated files besides the live one
  bool compress = false;       // the rotated ones
  core::LogOverflow overflow = core::LogOverflow::drop;
  std::string match = {};  // a Pattern; empty: nothing is looked for
};

// Nobody waits for a line of this spawn any more.
struct StopMatching {
  core::SpawnId spawn{};
};

// The spawn's tree is gone: write what is left in its pipes, and close them. Answered with
// Finished.
struct Finish {
  core::SpawnId spawn{};
};

// The last lines that a spawn wrote, up to this moment. Answered while it lives and for some time
// after its finish.
struct Tail {
  RequestId request{};
  core::SpawnId spawn{};
  int lines = 0;
};

// Where a reading that goes on begins: with the last lines, or with what was written at a time (RFC
// 3339 as in Line::time) or after it, or at a place that an earlier answer told. A time is met
// roughly: some earlier lines may come first.
struct LastLines {
  int lines = 0;
};
struct SinceTime {
  std::string time = {};
};
using From = std::variant<LastLines, SinceTime, Place>;

struct Source {
  std::string worker = {};
  std::string path = {};  // of the live file; rotated ones are found beside it
  core::LogFormat format = core::LogFormat::cri;
  From from = {};  // of a reading that goes on
};

// The last `lines` lines of each source, merged in time order.
//
// A reading that goes on has, of each source, what comes behind Source::from, as much as one answer
// takes: lines with their places, and one Line more for each source, whose note says whether that
// was all and whose place is where to go on. What has no newline yet is left for later.
struct Read {
  enum class Kind : std::uint8_t { last, on };

  RequestId request{};
  Kind kind = Kind::last;
  std::vector<Source> sources = {};
  int lines = 0;
  // The lines of this stream alone; both: all.
  Stream only = Stream::both;
  bool more = false;  // further sources of the same request follow
};

// Answered once everything that was in the pipes is in the files.
struct Sync {
  RequestId request{};
};

// Answered once each file was opened anew at its path, made where it is not there: after others
// moved the files away.
struct Reopen {
  RequestId request{};
};

using Request = std::variant<Hello, Capture, StopMatching, Finish, Tail, Read, Sync, Reopen>;

// ---- logger to supervisor

// Answers Hello: with those that are finished and not yet written.
struct Captures {
  RequestId request{};
  std::vector<core::SpawnId> spawns = {};
  bool more = false;
};

// Answers Tail and Read; Sync and Reopen (no lines).
struct Lines {
  RequestId request{};
  std::vector<Line> lines = {};
  // The first line goes on where the last line of the message before it stopped.
  bool joined = false;
  bool more = false;
};

// A line of the spawn has what Capture::match looks for. Asked for by that, once.
struct Matched {
  core::SpawnId spawn{};
};

// Everything that came out of the pipes of a spawn that was finished is in its file, or lost; also
// told of one that is not captured. Until then who has the pipes keeps them: a logger that is
// killed takes nothing with it that is still there.
struct Finished {
  core::SpawnId spawn{};
};

// What the logger has counted of a group's output since it began. Told about once a second while
// there is some, and of all groups on every new channel.
struct Counted {
  std::uint64_t logger = 0;  // another one is another logger, which began at nothing
  std::string group = {};
  LogCounts counts = {};
};

// A request or an answer was lost on the way (a capture for whose descriptors there was no room):
// who hears it asks with Hello what is captured.
struct Missed {};

using Answer = std::variant<Captures, Lines, Matched, Finished, Counted, Missed>;

// One or more messages. What a caller could get wrong (a single path beyond the limit) is an error.
Result<std::vector<std::string>> encode(const Request& request);
std::vector<std::string> encode(const Answer& answer);

// Refuses what it does not understand whole: no JSON, an unknown `op`, a missing or mistyped field,
// a number out of range. Fields that it does not know are skipped.
Result<Request> decode_request(std::string_view message);
Result<Answer> decode_answer(std::string_view message);

}  // namespace superd::logs
