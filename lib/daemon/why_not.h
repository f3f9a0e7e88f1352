#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "keeper/keeper_link.h"

namespace superd::daemon {

// For a supervisor that cannot begin until somebody mends something. Who asks at the control
// sockets among what the keeper held is answered 503 with `why`, for that long, and is not left
// waiting without a word for a supervisor that does not come. Fails where nobody can be answered.
Status tell_why_not(const std::vector<keeper::Item>& items, const std::string& why,
                    std::chrono::milliseconds how_long);

}  // namespace superd::daemon
