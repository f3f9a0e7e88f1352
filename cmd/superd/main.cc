#include <cstdio>

#include <CLI/CLI.hpp>
#include <fcntl.h>

#include "base/standard_descriptors.h"
#include "front.h"
#include "options.h"
#include "role_options.h"
#include "roles.h"
#include "title.h"

namespace {

// The exit status of every mistake on the command line.
constexpr int kUsage = 2;

int run(int argc, char** argv) {
  using namespace superd::front;
  CLI::App app;
  if (is_role(argc, argv)) {
    RoleOptions role;
    declare(app, role);
    app.parse(argc, argv);
    show_title(argc, argv, name(role), role.config_file);
    return run_role(role);
  }
  Options options;
  declare(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Help and version are "errors" of status 0.
    return app.exit(error) == 0 ? 0 : kUsage;
  }
  return run_front(options);
}

}  // namespace

int main(int argc, char** argv) {
  // A program started without even a name is about to be tricked into reading past its arguments.
  if (argc < 1) return kUsage;
  superd::open_standard_descriptors(O_RDWR);
  try {
    return run(argc, argv);
  } catch (const CLI::Error& error) {
    std::fprintf(stderr, "superd: %s\n", error.what());
    return kUsage;
  }
}
