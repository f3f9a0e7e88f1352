#include "os/inotify.h"

#include <cerrno>
#include <cstring>

#include <sys/inotify.h>
#include <unistd.h>

namespace superd::os {
namespace {

// Some thousand events; the kernel never cuts one in two.
constexpr std::size_t kBuffer = std::size_t{64} * 1024;

}  // namespace

Result<Inotify> Inotify::create() {
  UniqueFd fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
  if (!fd) return fail_errno("inotify_init1", errno);
  return Inotify(std::move(fd));
}

Result<std::vector<InotifyEvent>> Inotify::read() {
  std::string buffer(kBuffer, '\0');
  ssize_t got = 0;
  do {
    got = ::read(fd_.get(), buffer.data(), buffer.size());
  } while (got < 0 && errno == EINTR);
  if (got < 0 && errno == EAGAIN) return std::vector<InotifyEvent>();
  if (got < 0) return fail_errno("read inotify", errno);
  return decode_inotify(std::string_view(buffer).substr(0, static_cast<std::size_t>(got)));
}

// It fails only for a watch that the kernel has removed already.
void Inotify::remove(int watch) { (void)::inotify_rm_watch(fd_.get(), watch); }

Result<int> add_watch(int inotify, const std::string& directory, std::uint32_t mask) {
  const int watch =
      ::inotify_add_watch(inotify, directory.c_str(), mask | IN_MASK_ADD | IN_ONLYDIR);
  if (watch < 0) return fail_errno("watch " + directory, errno);
  return watch;
}

std::vector<InotifyEvent> decode_inotify(std::string_view buffer) {
  std::vector<InotifyEvent> events;
  inotify_event head{};
  while (buffer.size() >= sizeof head) {
    std::memcpy(&head, buffer.data(), sizeof head);
    buffer.remove_prefix(sizeof head);
    if (head.len > buffer.size()) break;
    // The name is filled up with NUL bytes.
    std::string_view name = buffer.substr(0, head.len);
    name = name.substr(0, name.find('\0'));
    events.push_back({.watch = head.wd, .mask = head.mask, .name = std::string(name)});
    buffer.remove_prefix(head.len);
  }
  return events;
}

}  // namespace superd::os
