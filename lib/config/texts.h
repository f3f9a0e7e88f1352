#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/field.h"
#include "core/spec.h"

// Texts of a group with placeholders: the command, the environment, paths.
namespace superd::config {

struct TextRules {
  // Who is to get the descriptors that {fd:NAME} could name.
  enum class Reader { worker, errand };

  bool has_port = false;              // the group has port_base
  std::vector<std::string> fd_names;  // that a worker gets: its sockets, and `ready`
  // The sockets whose address is known: all for a worker's own texts, else the shared ones.
  std::vector<std::string> addr_names{};
  std::vector<std::string> private_names{};  // the private ones
  bool ready_by_fd = false;                  // ready.when = "fd"
  Reader reader = Reader::worker;
  bool incomplete = false;  // as in Context
};

// Reports what is wrong with the placeholders of a text.
void check_text(const Field& field, const std::string& text, const TextRules& rules);
// A text that is not empty, checked; `wanted` as in Field.
std::optional<std::string> read_checked_text(const Field& field, const TextRules& rules,
                                             std::string_view wanted);

// `command`: an array, or one string that is split as a shell would. Empty where it is wrong.
std::vector<std::string> read_command(const Field& field, const TextRules& rules);
// The table `env`.
std::vector<core::EnvEntry> read_env(const TableReader& table, const TextRules& rules);

}  // namespace superd::config
