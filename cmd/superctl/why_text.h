#pragma once

#include <chrono>
#include <string>

#include "cause_text.h"
#include "client/table.h"
#include "wire/views.h"

namespace superd::superctl {

struct Telling {
  client::Colour colour = client::Colour::off;
  std::chrono::system_clock::time_point now{};
  UserName user_name = [](std::int64_t) { return std::string(); };
};

// The story of one name, for whoever is woken by it: what it is in and since when and why, what
// comes next, what happened before, the last lines of output. Of a group also its last roll, and
// its workers in turn: those that are well in one line.
std::string why_text(const wire::HistoryView& history, const Telling& telling);

}  // namespace superd::superctl
