#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/unique_fd.h"
#include "core/spec.h"
#include "logs/log_counts.h"
#include "logs/stamp.h"

namespace superd::logs {

// One worker's log file, shared by all its spawns. What cannot be written is given back, or dropped
// and counted; of the latter the file tells in one line once it works again:
//   superd: 1234 bytes lost: No space left on device
// A file that was removed, renamed or replaced meanwhile is noticed at the next write, and made
// again. A file that would grow beyond max_size is rotated before: in formats cri and json always
// between two lines, in format raw at the end of a line where there is one in what is written.
class RotatingFile {
 public:
  struct Limits {
    std::uint64_t max_size = 0;  // bytes; 0: never rotated
    int keep = 0;                // rotated files besides the live one

    friend bool operator==(const Limits&, const Limits&) = default;
  };
  struct Options {
    std::string worker = {};  // named in lines of format json
    // Of this file, unless others share it.
    std::shared_ptr<LogCounter> counter = std::make_shared<LogCounter>();
  };

  // Touches nothing yet. `path` is absolute.
  RotatingFile(std::string path, Limits limits) : RotatingFile(std::move(path), limits, {}) {}
  RotatingFile(std::string path, Limits limits, Options options);

  void set_limits(Limits limits) { limits_ = limits; }
  [[nodiscard]] const std::string& path() const { return path_; }

  // Makes the file if it is not there, so that it can be followed before the first line.
  void prepare(Stamp now);
  // Lets go of the file that is open, and opens or makes the one at the path.
  void reopen(Stamp now);
  // What becomes of bytes that cannot be written now.
  enum class Rest { drop, keep };
  // Formats cri and json: whole lines. Format raw: any bytes. How many bytes from the front the
  // caller is rid of: with Rest::drop all.
  std::size_t write(std::string_view block, core::LogFormat format, Stamp now,
                    Rest rest = Rest::drop);
  // Format raw: what is in the pipe, straight from there, so that every byte is either in the pipe
  // or in the file whenever this process is killed. They go to the end that the file has then: on a
  // file that only grows (chattr +a) and one that cannot splice they are copied, and a kill may
  // double the last of them. Nobody else touches the pipe meanwhile. True: nothing is left in it.
  bool pass(int pipe, Stamp now, Rest rest);
  // Bytes that never came here: told as others are.
  void lose(std::size_t bytes, std::string why);
  // If bytes were lost, tries to say so now.
  void settle(core::LogFormat format, Stamp now) { write({}, format, now); }

  // Bytes lost since the beginning.
  [[nodiscard]] std::uint64_t lost() const { return lost_total_; }
  // Of those the file does not tell yet.
  [[nodiscard]] std::uint64_t untold_loss() const { return lost_; }

  // Goes up by one when a rotation begins and when it has ended, so odd: one is going on. Read from
  // any thread.
  using Turns = std::atomic<std::uint32_t>;
  [[nodiscard]] std::shared_ptr<const Turns> turns() const { return turns_; }

 private:
  bool ensure_open(Stamp now);
  bool still_in_place();
  std::size_t write_some(std::string_view block, core::LogFormat format, Stamp now);
  std::size_t append(std::string_view block, core::LogFormat format, Stamp now);
  bool append_marker(core::LogFormat format, Stamp now);
  bool rotate(Stamp now);
  // How much a file takes of `bytes` that follow; 0: rotate first. Then this many are put there;
  // how many it took.
  struct Source {
    std::function<std::size_t(std::size_t done)> fitting;
    std::function<std::size_t(std::size_t done, std::size_t take)> append;
  };
  std::size_t distribute(std::size_t bytes, const Source& source, Stamp now);
  [[nodiscard]] std::uint64_t room() const;
  [[nodiscard]] std::size_t fitting(std::string_view block, core::LogFormat format) const;
  [[nodiscard]] bool ends_with_newline() const;

  // rotating_file_pass.cc
  enum class Writing { at_the_end, at_an_offset };
  bool set_writing(Writing how);
  std::size_t pass_some(int pipe, std::size_t bytes, Stamp now);
  [[nodiscard]] std::size_t fitting_of(int pipe, std::size_t bytes) const;
  std::size_t append_from(int pipe, std::size_t bytes, Stamp now);
  std::size_t copy_from(int pipe, std::size_t bytes, Stamp now);
  void cannot_write(int error, Stamp now);
  // How many bytes of what was written stay.
  std::size_t cut_to_line_end(std::string_view written);
  void lose(std::size_t bytes);
  void trouble(const std::string& message, int code, Stamp now);

  std::string path_;
  Limits limits_;
  Options options_;
  UniqueFd fd_;
  Writing writing_ = Writing::at_the_end;
  std::uint64_t size_ = 0;
  bool at_line_end_ = true;
  // A rotation that failed is tried again when the file has reached this size.
  std::uint64_t rotate_from_ = 0;
  // Not yet told in the file.
  std::uint64_t lost_ = 0;
  std::uint64_t lost_total_ = 0;
  std::string lost_why_;
  // superd's own log tells of trouble with a file at most every few seconds.
  std::optional<Stamp> told_;
  std::shared_ptr<Turns> turns_ = std::make_shared<Turns>(0);
};

}  // namespace superd::logs
