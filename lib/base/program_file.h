#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

// What a program file is, as far as it decides whether a library can be preloaded into it. Reads
// files: may hang where the machine does.
namespace superd {

// The file that execvpe runs for `word`: one with a '/' relative to `directory`, another along
// `path` as in PATH, whose own relative parts are relative to the directory too. Nothing: there is
// none that can be executed.
std::optional<std::string> find_program(const std::string& word, std::string_view path,
                                        const std::string& directory);

// Whether the dynamic loader preloads a library into the program, or into the interpreter that its
// first line names. Fails with the reason: `/srv/app/server is statically linked`, `… is
// set-user-ID`, `… is a program of another architecture`. A file that cannot be read, or is no
// program, is not judged.
Status check_preloadable(const std::string& file);

}  // namespace superd
