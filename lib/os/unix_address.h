#pragma once

#include <string>

#include <sys/socket.h>
#include <sys/un.h>

#include "base/result.h"

namespace superd::os {

struct UnixAddress {
  sockaddr_un address{};
  socklen_t size = 0;

  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&address); }
};

// A path of at most 107 bytes, or an abstract name after '@'. ENAMETOOLONG names the limit.
Result<UnixAddress> unix_address(const std::string& text);

}  // namespace superd::os
