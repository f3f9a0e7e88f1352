#pragma once

#include <string>

namespace superd::front {

// Makes `title` what ps shows: it takes the place of the command line (cut where that was shorter;
// the environment is left as it is), and its beginning becomes the process's name. No argument can
// be read from argv afterwards.
void show_title(int argc, char** argv, const std::string& title);

}  // namespace superd::front
