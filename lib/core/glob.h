#pragma once

#include <string>
#include <string_view>
#include <vector>

// Patterns of paths, as the shell has them: `*` is any text, `?` one character, `[a-z]` and
// `[!a-z]` one of a set, `\` takes the next character as it is; none of them a slash. A path part
// that is `**` is any number of directories. Pure; bytes, no locale.
namespace superd::core {

// Whether a leading dot is matched only by a dot, as the shell does it.
enum class HiddenNames { by_dot_alone, by_any };

// One part of a path against one part of a pattern. Never slower than the one times the other.
bool match_name(std::string_view pattern, std::string_view name, HiddenNames hidden);
// Whether it means anything but itself.
bool is_pattern(std::string_view part);
// What a part that is no pattern names: without the backslashes.
std::string plain_name(std::string_view part);

// `/srv/./web//conf/*.ini` -> {`srv`, `web`, `conf`, `*.ini`}
std::vector<std::string> parts_of(std::string_view path);
// A whole relative path, `**` included.
bool match_path(const std::vector<std::string>& pattern, const std::vector<std::string>& path,
                HiddenNames hidden);

}  // namespace superd::core
