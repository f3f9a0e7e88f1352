#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/runner.h"

// Runners of command lines, without a machine: files are a map from path to text.
namespace superd::config {

using Files = std::map<std::string, std::string>;

// A group in /srv whose command is split as a shell would, with one TCP socket 127.0.0.1:8000.
core::GroupSpec group_running(const std::string& command);
// The runner of a group, its preset in it, and everything settled.
RunnerChoice settle(core::GroupSpec& group, const Files& files = {});
// The same for a command; what the check would say: `runner gunicorn (…): …`.
std::string said_of(const std::string& command, const Files& files = {});
// The messages alone.
std::vector<std::string> warnings_of(core::GroupSpec group, const Files& files = {});
std::vector<std::string> warnings_of(const std::string& command, const Files& files = {});

}  // namespace superd::config
