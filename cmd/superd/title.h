#pragma once

#include <string>

namespace superd::front {

// Makes `name` the process's name, and `name detail` what ps shows: it takes the place of the
// command line (cut where that was shorter; the environment is left as it is). No argument can be
// read from argv afterwards.
void show_title(int argc, char** argv, const std::string& name, const std::string& detail);

}  // namespace superd::front
