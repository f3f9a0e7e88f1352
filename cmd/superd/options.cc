#include "options.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

namespace superd::front {

void declare(CLI::App& app, Options& options) {
  app.name("superd");
  app.description(
      "superd keeps groups of processes running. It stays in the foreground and logs "
      "to stderr; superctl talks to it.");
  app.failure_message([](const CLI::App*, const CLI::Error& error) {
    return fmt::format("superd: {}; see superd --help\n", error.what());
  });
  app.set_help_flag("-h,--help", "show this and exit");
  app.set_version_flag("--version", std::string("superd ") + SUPERD_VERSION,
                       "show the version and exit");
  app.add_option("-c,--config", options.config,
                 "the config file; else $SUPERD_CONFIG, ./superd.toml, the user's, "
                 "/etc/superd/superd.toml")
      ->type_name("FILE");
  CLI::Option* check =
      app.add_flag("--check", options.check, "check the config, print every error, start nothing");
  app.add_flag("--detach", options.detach,
               "return once every autostart group is up (0) or some first start has failed (1), "
               "and go on in the background")
      ->excludes(check);
}

}  // namespace superd::front
