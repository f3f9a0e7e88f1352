#include <csignal>

#include "command_line.h"
#include "output.h"

int main(int argc, char** argv) {
  using namespace superd::superctl;
  // Whoever reads stdout may stop at any time: that write fails then, and nobody is told.
  std::signal(SIGPIPE, SIG_IGN);
  return static_cast<int>(run_command_line(argc, argv));
}
