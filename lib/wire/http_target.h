#pragma once

#include <string_view>

#include "base/result.h"
#include "wire/http_codec.h"

namespace superd::wire {

// Fills target, segments and query of `request`. Fails on what is neither `/path?query`
// nor `http://host/path?query`, and on percent-encoding that is broken or hides a slash or a
// control character.
Status parse_target(std::string_view target, Request& request);

}  // namespace superd::wire
