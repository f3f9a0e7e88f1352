#include "cause_text.h"

#include <string_view>

#include "base/number.h"

namespace superd::superctl {
namespace {

struct Word {
  std::string_view cause;
  const char* text;
};
constexpr Word kWords[] = {{"boot", "superd's start (boot)"},
                           {"exit", "the end of its process (exit)"},
                           {"demand", "a connection that came (demand)"},
                           {"idle", "its idle time (idle)"},
                           {"config", "a config that was applied (config)"},
                           {"schedule", "its schedule (schedule)"},
                           {"health", "its health checks (health)"},
                           {"memory", "its use of memory (memory)"},
                           {"age", "its age (age)"}};

std::string command_text(const std::string& cause, const UserName& user_name) {
  constexpr std::string_view kUid = "command uid=";
  const std::string_view rest = std::string_view(cause).substr(kUid.size());
  const auto uid = to_number<std::int64_t>(rest.substr(0, rest.find(' ')));
  const std::string name = uid ? user_name(*uid) : "";
  return name.empty() ? cause : cause + " (" + name + ")";
}

}  // namespace

std::string cause_text(const std::string& cause, const UserName& user_name) {
  for (const Word& word : kWords) {
    if (cause == word.cause) return word.text;
  }
  if (cause.starts_with("command uid=")) return command_text(cause, user_name);
  if (cause.starts_with("worker ")) return cause + ", which asked for it";
  if (cause.starts_with("signal ")) return cause + " to superd";
  return cause;
}

}  // namespace superd::superctl
