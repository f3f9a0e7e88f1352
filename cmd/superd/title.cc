#include "title.h"

#include <algorithm>
#include <cstring>

#include <sys/prctl.h>

namespace superd::front {
namespace {

// Where the arguments, which lie one behind the other, end.
char* end_of_arguments(int argc, char** argv) {
  char* end = argv[0];
  for (int i = 0; i < argc && argv[i] == end; ++i) end += std::strlen(argv[i]) + 1;
  return end;
}

}  // namespace

void show_title(int argc, char** argv, const std::string& name, const std::string& detail) {
  ::prctl(PR_SET_NAME, name.c_str());
  const std::string title = detail.empty() ? name : name + " " + detail;
  const auto room = static_cast<std::size_t>(end_of_arguments(argc, argv) - argv[0]);
  std::memset(argv[0], 0, room);
  const std::size_t size = std::min(title.size(), room - 1);
  std::memcpy(argv[0], title.data(), size);
  // Where the last byte is not the end of a string, the kernel shows the first string alone instead
  // of all the zeros.
  if (size + 1 < room) argv[0][room - 1] = '.';
}

}  // namespace superd::front
