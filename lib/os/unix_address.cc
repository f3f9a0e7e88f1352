#include "os/unix_address.h"

#include <cerrno>
#include <cstddef>
#include <cstring>

#include <fmt/format.h>

namespace superd::os {

Result<UnixAddress> unix_address(const std::string& text) {
  UnixAddress made;
  made.address.sun_family = AF_UNIX;
  constexpr std::size_t kMost = sizeof made.address.sun_path - 1;
  if (text.empty()) return fail("an empty path cannot be a socket's address", EINVAL);
  if (text.size() > kMost) {
    return fail(fmt::format("the socket path {} has {} bytes, more than the {} that the kernel "
                            "takes: choose a shorter one",
                            text, text.size(), kMost),
                ENAMETOOLONG);
  }
  std::memcpy(made.address.sun_path, text.data(), text.size());
  const std::size_t head = offsetof(sockaddr_un, sun_path);
  // An abstract name begins with a NUL and is as long as the size says; a path ends with a NUL.
  const bool abstract = text.front() == '@';
  if (abstract) made.address.sun_path[0] = '\0';
  made.size = static_cast<socklen_t>(head + text.size() + (abstract ? 0 : 1));
  return made;
}

}  // namespace superd::os
