#pragma once

#include <string_view>

#include <nlohmann/json.hpp>

#include "base/result.h"

namespace superd::superctl {

// Metrics in Prometheus' text as JSON: {"metrics":[{"name","labels":{…},"value"}]}; a value that is
// no finite number is a string (`+Inf`). Fails on the first line that is none of it.
Result<nlohmann::ordered_json> metrics_json(std::string_view text);

}  // namespace superd::superctl
