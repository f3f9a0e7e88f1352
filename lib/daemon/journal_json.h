#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "daemon/process_record.h"
#include "daemon/recipe.h"

namespace superd::daemon {

// Recipes and processes as values of the journal. What is missing has its default, what is not
// known is ignored.
std::string to_text(const Recipe& recipe);
Result<Recipe> recipe_from(std::string_view text);
std::string to_text(const ProcessRecord& record);
Result<ProcessRecord> process_from(std::string_view text);

}  // namespace superd::daemon
