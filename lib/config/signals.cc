#include "config/signals.h"

#include <algorithm>
#include <csignal>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "base/text.h"
#include "base/units.h"
#include "core/worker_ref.h"

namespace superd::config {
namespace {

using Verb = core::SignalOrder::Verb;

struct Word {
  const char* name;
  Verb verb;
};
constexpr Word kVerbs[] = {
    {"start", Verb::start},     {"stop", Verb::stop},     {"restart", Verb::restart},
    {"reload", Verb::reload},   {"signal", Verb::signal}, {"hold", Verb::hold},
    {"release", Verb::release}, {"apply", Verb::apply},   {"shutdown", Verb::shutdown}};

bool is_for_workers(Verb verb) { return verb != Verb::hold && verb != Verb::release; }

std::vector<std::string> verb_names() {
  std::vector<std::string> names;
  for (const Word& word : kVerbs) names.emplace_back(word.name);
  return names;
}

// The signal of a key; nothing, and an error, where none can be given a meaning.
std::optional<int> read_number(const Entry& entry, const Field& field) {
  const auto number = parse_signal(entry.key);
  if (!number) {
    field.problems().add(entry.place, number.error().message);
    return std::nullopt;
  }
  const bool free = *number == SIGHUP || *number == SIGUSR1 || *number == SIGUSR2 ||
                    *number == SIGWINCH || (*number >= SIGRTMIN && *number <= SIGRTMAX);
  if (free) return *number;
  const bool ends = *number == SIGTERM || *number == SIGINT;
  field.problems().add(
      entry.place,
      fmt::format("superd.signals: {} {}: HUP, USR1, USR2, WINCH and RTMIN to RTMAX can be given a "
                  "meaning",
                  signal_name(*number), ends ? "always ends superd" : "has a meaning of its own"));
  return std::nullopt;
}

// The words behind the command, options taken out. False: an error was reported.
bool take_options(const Field& field, std::vector<std::string>& words, core::SignalOrder& order) {
  std::vector<std::string> rest;
  for (const std::string& word : words) {
    if (!word.starts_with('-')) {
      rest.push_back(word);
    } else if (word == "--now" && order.verb == Verb::restart) {
      order.now = true;
    } else if (word == "--all" && order.verb == Verb::signal) {
      order.whole_tree = true;
    } else if (word != "--no-wait") {
      field.error(fmt::format("the option {} has no meaning here", quoted(word)));
      return false;
    }
  }
  words = std::move(rest);
  return true;
}

const Word* find_verb(const Field& field, const std::string& command) {
  const auto* known =
      std::ranges::find_if(kVerbs, [&](const Word& w) { return command == w.name; });
  if (known != std::end(kVerbs)) return known;
  const std::string near = did_you_mean(command, verb_names());
  field.error(fmt::format("{} is no command that a signal can give{}", quoted(command),
                          near.empty() ? ": there are " + join(verb_names(), ", ") : near));
  return nullptr;
}

// Takes the signal that is sent, the first word. False: an error was reported.
bool take_signal(const Field& field, std::vector<std::string>& words, core::SignalOrder& order) {
  if (words.empty()) return true;
  const auto signal = parse_signal(words.front());
  if (!signal) {
    field.error(signal.error().message);
    return false;
  }
  order.signal = *signal;
  words.erase(words.begin());
  return true;
}

std::optional<core::SignalOrder> parse_order(const Field& field, const std::string& line) {
  auto words = split_words(line);
  if (!words) {
    field.error(words.error().message);
    return std::nullopt;
  }
  if (!words->empty() && words->front() == "superctl") words->erase(words->begin());
  const Word* verb = find_verb(field, words->empty() ? "" : words->front());
  if (verb == nullptr) return std::nullopt;
  words->erase(words->begin());
  core::SignalOrder order{.line = line, .verb = verb->verb};
  if (!take_options(field, *words, order)) return std::nullopt;
  if (order.verb == Verb::signal && !take_signal(field, *words, order)) return std::nullopt;
  const bool takes_names = order.verb != Verb::apply && order.verb != Verb::shutdown;
  if (takes_names == words->empty()) {
    field.error(takes_names
                    ? fmt::format("name a group: \"{} NAME\"", line)
                    : fmt::format("{} is for all that superd runs, and takes no name", verb->name));
    return std::nullopt;
  }
  order.names = std::move(*words);
  return order;
}

const PlacedGroup* find_group(const std::vector<PlacedGroup>& groups, const std::string& name) {
  const auto found =
      std::ranges::find_if(groups, [&](const PlacedGroup& g) { return g.spec.name == name; });
  return found == groups.end() ? nullptr : &*found;
}

// What is wrong with a name; empty: nothing, as far as it can be told.
std::string complaint(Verb verb, const std::string& name, const std::vector<PlacedGroup>& groups) {
  if (name == "self") return "self is for workers: name a group";
  if (name == "all" || is_glob(name) || find_group(groups, name) != nullptr) return "";
  const auto worker = core::parse_worker_ref(name);
  const PlacedGroup* group = worker ? find_group(groups, worker->group) : nullptr;
  if (group != nullptr && !is_for_workers(verb)) {
    return fmt::format("{} is a worker: name the whole group", name);
  }
  if (group != nullptr && worker->number <= group->spec.workers) return "";
  if (group != nullptr) {
    return fmt::format("there is no worker {}: {} has {}", name, worker->group,
                       group->spec.workers);
  }
  std::vector<std::string> names;
  for (const PlacedGroup& one : groups) names.push_back(one.spec.name);
  return fmt::format("there is no group {}{}", quoted(name), did_you_mean(name, names));
}

// A reload of what has no signal for it; a glob or `all` reloads those that have one.
bool is_in_vain(const core::SignalOrder& order, const std::string& name,
                const std::vector<PlacedGroup>& groups) {
  if (order.verb != Verb::reload) return false;
  const auto worker = core::parse_worker_ref(name);
  const PlacedGroup* group = find_group(groups, worker ? worker->group : name);
  return group != nullptr && !group->spec.reload_signal;
}

}  // namespace

std::vector<PlacedOrder> read_signals(const TableReader& table) {
  std::vector<PlacedOrder> orders;
  for (const Entry& entry : table.entries()) {
    const Field field = table.field(entry);
    const auto number = read_number(entry, field);
    const auto line = field.filled_text("a superctl command line, such as \"restart web\"");
    if (!number || !line) continue;
    auto order = parse_order(field, *line);
    if (!order) continue;
    order->number = *number;
    const auto same = std::ranges::find_if(
        orders, [&](const PlacedOrder& other) { return other.order.number == *number; });
    if (same != orders.end()) {
      field.problems().add(entry.place,
                           fmt::format("superd.signals: {} is given twice", signal_name(*number)));
      continue;
    }
    orders.push_back({.order = std::move(*order), .place = field.place()});
  }
  return orders;
}

void check_orders(const std::vector<PlacedOrder>& orders, const std::vector<PlacedGroup>& groups,
                  Extent extent, Problems& problems, Problems& warnings) {
  for (const PlacedOrder& placed : orders) {
    for (const std::string& name : placed.order.names) {
      if (is_in_vain(placed.order, name, groups)) {
        warnings.add(placed.place,
                     fmt::format("superd.signals.{}: superd knows no signal at which {} reloads: "
                                 "give the group a reload_signal, or write \"restart {}\"",
                                 signal_name(placed.order.number), name, name));
      }
      const std::string wrong = complaint(placed.order.verb, name, groups);
      if (wrong.empty() || (extent == Extent::part && name != "self")) continue;
      problems.add(placed.place,
                   fmt::format("superd.signals.{}: {}", signal_name(placed.order.number), wrong));
    }
  }
}

}  // namespace superd::config
