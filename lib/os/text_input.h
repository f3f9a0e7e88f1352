#pragma once

#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace superd::os {

// A descriptor to be somebody's standard input that reads as this text and ends: an anonymous file
// in memory, so that nobody waits for the reader. Close-on-exec.
Result<UniqueFd> text_input(std::string_view text);

}  // namespace superd::os
