#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace superd::superctl {

// A user's name; empty: nobody knows one.
using UserName = std::function<std::string(std::int64_t uid)>;

// The cause of a start, a stop or a roll for people, its words as they travel among them:
// `command uid=0 pid=5 (root)`, `superd's start (boot)`. Not printable() yet.
std::string cause_text(const std::string& cause, const UserName& user_name);

}  // namespace superd::superctl
