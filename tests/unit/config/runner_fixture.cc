#include "runner_fixture.h"

#include <catch2/catch.hpp>

#include "base/text.h"
#include "config/address.h"

namespace superd::config {

core::GroupSpec group_running(const std::string& command) {
  core::GroupSpec group;
  group.name = "web";
  group.directory = "/srv";
  const auto words = split_words(command);
  REQUIRE(words);
  group.command = *words;
  group.listen.push_back(*parse_address("127.0.0.1:8000"));
  group.listen.back().name = "socket";
  return group;
}

RunnerChoice settle(core::GroupSpec& group, const Files& files) {
  const auto read = [&](const std::string& path) -> Result<std::string> {
    const auto found = files.find(path);
    if (found == files.end()) return fail("cannot read " + path);
    return found->second;
  };
  RunnerChoice choice = choose_runner(std::nullopt, group, read);
  apply_preset(choice, group);
  finish_preset(choice, group);
  return choice;
}

std::string said_of(const std::string& command, const Files& files) {
  core::GroupSpec group = group_running(command);
  const RunnerChoice choice = settle(group, files);
  return to_string(choice, group);
}

std::vector<std::string> warnings_of(core::GroupSpec group, const Files& files) {
  std::vector<std::string> messages;
  for (const RunnerWarning& warning : settle(group, files).warnings) {
    messages.push_back(warning.message);
  }
  return messages;
}

std::vector<std::string> warnings_of(const std::string& command, const Files& files) {
  return warnings_of(group_running(command), files);
}

}  // namespace superd::config
