#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace superd::os {

// Tells superd's own service manager its state (`READY=1`, `STATUS=…`, lines joined by '\n').
// `socket` is the value of NOTIFY_SOCKET: a path, or an abstract name after '@'; empty: nothing is
// sent and that is success. The manager gets duplicates of `fds`. Never waits: EAGAIN where its
// queue is full.
Status sd_notify(const std::string& socket, std::string_view state, std::span<const int> fds = {});

}  // namespace superd::os
