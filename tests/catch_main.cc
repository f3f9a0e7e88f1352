#define CATCH_CONFIG_RUNNER
#include <csignal>

#include <catch2/catch.hpp>

int main(int argc, char** argv) {
  // A shell that has started the tests behind itself ignores SIGINT for them, and so would every
  // program under test.
  std::signal(SIGINT, SIG_DFL);
  return Catch::Session().run(argc, argv);
}
