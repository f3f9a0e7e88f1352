#include <csignal>

#include <fcntl.h>

#include "base/standard_descriptors.h"
#include "command_line.h"
#include "output.h"

int main(int argc, char** argv) {
  using namespace superd::superctl;
  superd::open_standard_descriptors(O_RDONLY);
  // Whoever reads stdout may stop at any time: that write fails then, and nobody is told.
  std::signal(SIGPIPE, SIG_IGN);
  return static_cast<int>(run_command_line(argc, argv));
}
