#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "wire/views.h"

namespace superd::daemon {

// The latest events, as the lines that clients are told, in memory and in a file beside: what was
// told is known to the next supervisor, and its ids go on. The file grows at its end and is written
// anew when half of it is older than what is kept; a line that a crash tore is left out. A file
// that cannot be written is complained of once, and superd goes on without.
class EventHistory {
 public:
  static constexpr std::size_t kMostBytes = std::size_t{4} << 20;

  struct Entry {
    std::uint64_t id = 0;
    std::string group{};   // empty: of superd itself
    std::string worker{};  // `web.2`; empty: of no worker
    std::string line{};    // JSON and a newline
  };
  using Entries = std::deque<Entry>;

  // Beside the journal, which has its place for the same reasons: `events` of `journal`.
  static std::string path_beside(const std::string& journal);

  // Reads what earlier supervisors left.
  explicit EventHistory(std::string path, std::size_t most_bytes = kMostBytes);

  // Fails where what they left could not be read.
  [[nodiscard]] const Status& restored() const { return restored_; }

  // The file has the event when this returns. Its id is above all that are kept.
  void add(const wire::OccurrenceView& event);
  // Writes the file anew where somebody has removed it, and tries again where it could not be
  // written.
  void look_after();

  // 0: nothing ever happened.
  [[nodiscard]] std::uint64_t last_id() const { return entries_.empty() ? 0 : entries_.back().id; }
  // Oldest first.
  [[nodiscard]] const Entries& entries() const { return entries_; }
  // The last `most` about a worker, or about a group but not its workers (`worker` empty), oldest
  // first; with them what happened to superd after the first of these, its last few times.
  [[nodiscard]] std::vector<wire::OccurrenceView> story_of(const std::string& group,
                                                           const std::string& worker,
                                                           std::size_t most) const;
  // The first that came after `id`.
  [[nodiscard]] Entries::const_iterator after(std::uint64_t id) const;

 private:
  void restore();
  void keep(Entry entry);
  void write(const std::string& line);
  Status append(const std::string& line);
  Status write_anew();
  void note(const Status& written);

  std::string path_;
  std::size_t most_bytes_;
  Status restored_;
  Entries entries_;
  std::size_t bytes_ = 0;  // of entries_
  UniqueFd file_;          // empty: all is to be written anew
  std::size_t file_bytes_ = 0;
  bool failing_ = false;
  std::size_t unwritten_ = 0;  // events since the last try, while failing
};

}  // namespace superd::daemon
