#pragma once

#include <optional>
#include <string>

#include <CLI/App.hpp>

namespace superd::front {

// What a user says on superd's command line.
struct Options {
  std::optional<std::string> config;
  bool check = false;
  bool detach = false;
};

// `options` is filled in by app.parse().
void declare(CLI::App& app, Options& options);

}  // namespace superd::front
