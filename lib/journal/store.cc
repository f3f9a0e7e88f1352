#include "journal/store.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include <unistd.h>

#include "journal/own_file.h"
#include "os/read_file.h"

namespace superd::journal {
namespace {

// Rewritten when the file has grown to so many times what it was: each byte is written about twice.
constexpr std::size_t kGrowth = 4;
constexpr std::size_t kSmallest = std::size_t{256} << 10;
// A journal of 5,000 workers has some 20 MB.
constexpr std::size_t kMostBytes = std::size_t{512} << 20;
constexpr std::string_view kWhat = "journal";

}  // namespace

void Store::put(const std::string& key, std::string value) {
  auto [found, added] = values_.try_emplace(key);
  if (!added && found->second == value) return;
  found->second = std::move(value);
  if (file_) pending_ += encode_put(key, found->second);
}

void Store::drop(const std::string& key) {
  if (values_.erase(key) > 0 && file_) pending_ += encode_drop(key);
}

void Store::drop_all(const std::string& prefix) {
  auto next = values_.lower_bound(prefix);
  while (next != values_.end() && next->first.starts_with(prefix)) {
    if (file_) pending_ += encode_drop(next->first);
    next = values_.erase(next);
  }
}

Status Store::flush() {
  if (file_ && pending_.empty()) return {};
  const bool full = size_ + pending_.size() > std::max(kSmallest, kGrowth * size_when_rewritten_);
  const Status done = file_ && !full ? append() : rewrite();
  failing_ = !done;
  if (failing_) {
    // What is in the file is of a moment ago: all is written anew as soon as it can be.
    file_.reset();
    pending_.clear();
  }
  return done;
}

bool Store::look_after() {
  if (!file_ || leads_to(path_, file_.get())) return false;
  file_.reset();
  return true;
}

Status Store::append() {
  pending_ += encode_commit();
  if (Status wrote = write_all(file_.get(), pending_, kWhat, path_); !wrote) {
    // Where this fails too, the mark that is missing says what does not count.
    [[maybe_unused]] const int cut = ::ftruncate(file_.get(), static_cast<off_t>(size_));
    return wrote;
  }
  size_ += pending_.size();
  pending_.clear();
  return {};
}

Status Store::rewrite() {
  std::string all = encode(Head{.format = kFormat, .boot_id = boot_id_});
  for (const auto& [key, value] : values_) all += encode_put(key, value);
  all += encode_commit();
  Result<UniqueFd> file = replace_file(path_, all, kWhat);
  if (!file) return tl::unexpected(file.error());
  file_ = std::move(*file);
  size_ = size_when_rewritten_ = all.size();
  pending_.clear();
  return {};
}

void Store::remove() {
  file_.reset();
  pending_.clear();
  values_.clear();
  ::unlink(path_.c_str());
  ::unlink((path_ + ".new").c_str());
}

Result<Content> read(const std::string& path) {
  const Result<std::string> bytes = read_own_file(path, kMostBytes, kWhat);
  if (!bytes) return tl::unexpected(bytes.error());
  return bytes->empty() ? Content{} : decode(*bytes);
}

Status set_aside(const std::string& path) {
  if (::rename(path.c_str(), (path + ".aside").c_str()) == 0 || errno == ENOENT) return {};
  return fail_errno("journal " + path, errno);
}

Result<std::string> boot_id() {
  Result<std::string> text = os::read_file("/proc/sys/kernel/random/boot_id");
  if (!text) return text;
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return text;
}

}  // namespace superd::journal
