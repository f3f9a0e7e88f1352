#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "journal/record.h"

namespace superd::journal {

// The journal file. Values are put in memory and reach the file by flush(), in one write with a
// mark at its end, so that what is read back is all that one flush had to say, or nothing of it.
// Nothing is synced: the journal is of one boot, and the kernel has what was written.
//
// The file is 0600, never followed through a symlink, and rewritten (beside, then renamed) when
// most of it is history. Where it cannot be written, superd goes on without: failing() says so, and
// each flush tries to write everything anew.
class Store {
 public:
  // Nothing is touched before the first flush, which replaces what is there. `content`: what is in
  // the file already and stays.
  Store(std::string path, std::string boot_id, std::map<std::string, std::string> values = {})
      : path_(std::move(path)), boot_id_(std::move(boot_id)), values_(std::move(values)) {}

  // A value that is the same already costs nothing.
  void put(const std::string& key, std::string value);
  void drop(const std::string& key);
  // Drops every key that begins so.
  void drop_all(const std::string& prefix);
  [[nodiscard]] const std::map<std::string, std::string>& values() const { return values_; }

  // Fails again and again for one reason: whoever logs it asks failing() before.
  Status flush();
  [[nodiscard]] bool failing() const { return failing_; }
  // Where the path does not lead to the file any more the next flush writes all anew. True then.
  bool look_after();
  // The end of superd: there is nothing to come back to.
  void remove();
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  Status rewrite();
  Status append();

  std::string path_;
  std::string boot_id_;
  std::map<std::string, std::string> values_;
  std::string pending_;  // lines that are not in the file yet
  UniqueFd file_;        // empty: all is to be written anew
  std::size_t size_ = 0;
  std::size_t size_when_rewritten_ = 0;
  bool failing_ = false;
};

// What is in a journal. A file that is not there is empty content; one that is not ours (owner,
// mode, no regular file), too large, or unreadable is an error.
Result<Content> read(const std::string& path);
// Keeps it beside, as `PATH.aside`, for whoever wants to know; the latest one only.
Status set_aside(const std::string& path);

// Of this boot.
Result<std::string> boot_id();

}  // namespace superd::journal
