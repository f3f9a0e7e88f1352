#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "wire/http_codec.h"
#include "wire/views.h"

namespace superd::superctl {

// How far a reading of one group's logs has come, and what a request asks for that goes on there.
//
// The head of a request has its limit, which hundreds of workers would pass. So many places are
// packed; and should that not do, a worker that has been quiet has no place in it: what it writes
// later than a moment shortly before the last line is new (`since`). Of a log without times as many
// places are told as fit, of those who wrote last; the others are left_out() and go on with their
// last line, which knows() finds where it was told before.
class LogPlaces {
 public:
  // Of places in a request; the limit of the head is 16 KiB.
  static constexpr std::size_t kMostBytes = std::size_t{12} << 10;

  void note(const wire::LogLine& line);
  [[nodiscard]] bool empty() const { return last_.empty(); }
  // Of the latest line; empty: none had one.
  [[nodiscard]] const std::string& last_time() const { return last_time_; }
  // `after`, and `since` or `lines`.
  [[nodiscard]] std::vector<wire::QueryField> query() const;
  // How many workers have no place in it, and no time either.
  [[nodiscard]] std::size_t left_out() const;
  // The line is the last one of its worker that was noted.
  [[nodiscard]] bool knows(const wire::LogLine& line) const;

 private:
  struct Last {
    std::string place{};
    std::string time{};      // of its last line; empty: it told none, or none with a time
    std::uint64_t turn = 0;  // higher: later
  };
  using Places = std::vector<const Last*>;
  [[nodiscard]] Places places_since(const std::string& time) const;
  [[nodiscard]] Places latest_that_fit() const;
  static std::string to_text(const Places& places);

  std::map<std::string, Last> last_;  // by worker; of the events: by nothing
  std::uint64_t turns_ = 0;
  std::string last_time_;
  bool has_times_ = false;
};

}  // namespace superd::superctl
