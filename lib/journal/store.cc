#include "journal/store.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/read_file.h"

namespace superd::journal {
namespace {

// Rewritten when the file has grown to so many times what it was: each byte is written about twice.
constexpr std::size_t kGrowth = 4;
constexpr std::size_t kSmallest = std::size_t{256} << 10;
// A journal of 5,000 workers has some 20 MB.
constexpr std::size_t kMostBytes = std::size_t{512} << 20;

Status write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd, bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return fail_errno("journal " + path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

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
    // What is in the file is of a moment ago, or torn: all is written anew as soon as it can be.
    file_.reset();
    pending_.clear();
  }
  return done;
}

Status Store::append() {
  if (Status wrote = write_all(file_.get(), pending_, path_); !wrote) return wrote;
  size_ += pending_.size();
  pending_.clear();
  return {};
}

Status Store::rewrite() {
  std::string all = encode(Head{.format = kFormat, .boot_id = boot_id_});
  for (const auto& [key, value] : values_) all += encode_put(key, value);
  const std::string beside = path_ + ".new";
  if (::unlink(beside.c_str()) != 0 && errno != ENOENT) {
    return fail_errno("journal " + beside, errno);
  }
  UniqueFd file(::open(beside.c_str(),
                       O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!file) return fail_errno("journal " + beside, errno);
  Status wrote = write_all(file.get(), all, beside);
  if (wrote && ::rename(beside.c_str(), path_.c_str()) != 0) {
    wrote = fail_errno("journal " + path_, errno);
  }
  if (!wrote) {
    ::unlink(beside.c_str());
    return wrote;
  }
  file_ = std::move(file);
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
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!file) {
    if (errno == ENOENT) return Content{};
    return fail_errno("journal " + path, errno);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return fail_errno("journal " + path, errno);
  const bool is_ours = S_ISREG(status.st_mode) && status.st_uid == ::geteuid() &&
                       (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
  if (!is_ours) {
    return fail(fmt::format("journal {}: not a file of this user that nobody else may touch", path),
                EPERM);
  }
  if (static_cast<std::size_t>(status.st_size) > kMostBytes) {
    return fail(fmt::format("journal {}: {} bytes are more than any has", path, status.st_size),
                EFBIG);
  }
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    const ssize_t got = ::read(file.get(), bytes.data() + have, bytes.size() - have);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("journal " + path, errno);
    if (got == 0) break;
    have += static_cast<std::size_t>(got);
  }
  bytes.resize(have);
  return decode(bytes);
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
