#include "daemon/signal_orders.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "base/text.h"
#include "base/units.h"

namespace superd::daemon {

using Verb = core::SignalOrder::Verb;

namespace {

const char* name(Verb verb) {
  switch (verb) {
    case Verb::start:
      return "start";
    case Verb::stop:
      return "stop";
    case Verb::restart:
      return "restart";
    case Verb::reload:
      return "reload";
    case Verb::signal:
      return "signal";
    case Verb::hold:
      return "hold";
    case Verb::release:
      return "release";
    case Verb::apply:
      return "apply";
    case Verb::shutdown:
      return "shutdown";
  }
  std::abort();
}

bool same(const core::Target& a, const core::Target& b) {
  return a.group == b.group && a.worker == b.worker;
}

}  // namespace

bool SignalOrders::arrived(int number) {
  for (const core::SignalOrder& order : parts_.spec.daemon.signals) {
    if (order.number != number) continue;
    const std::string cause = "signal " + signal_name(number);
    log::info("{}: {}", cause, order.line);
    carry_out(core::SignalOrder(order), cause);
    return true;
  }
  return false;
}

void SignalOrders::carry_out(const core::SignalOrder& order, const std::string& cause) {
  if (order.verb == Verb::apply) return hooks_.apply(cause);
  if (order.verb == Verb::shutdown) return hooks_.shutdown(cause);
  std::vector<core::Target> targets;
  for (const std::string& name : order.names) {
    const std::vector<core::Target> found = targets_of(name);
    if (found.empty() && name != "all")
      log::warn("{}: nothing is called {}", cause, superd::quoted(name));
    for (const core::Target& target : found) {
      const auto known = [&](const core::Target& other) { return same(other, target); };
      if (std::ranges::none_of(targets, known)) targets.push_back(target);
    }
  }
  for (const core::Target& target : targets) carry_out(order, target, cause);
}

void SignalOrders::carry_out(const core::SignalOrder& order, const core::Target& target,
                             const std::string& cause) {
  switch (order.verb) {
    case Verb::start:
      return give(order, wire::Action::start, target, cause);
    case Verb::stop:
      return give(order, wire::Action::stop, target, cause);
    case Verb::restart:
      return give(order, wire::Action::restart, target, cause);
    case Verb::signal:
      return signal(order, target, order.signal, cause);
    case Verb::reload:
      return reload(order, target, cause);
    case Verb::hold:
    case Verb::release:
      return hold(order, target, cause);
    case Verb::apply:
    case Verb::shutdown:
      break;
  }
  std::abort();
}

void SignalOrders::hold(const core::SignalOrder& order, const core::Target& target,
                        const std::string& cause) {
  if (target.worker != 0) {
    log::warn("{}: {} is for whole groups, not for {}.{}", cause, name(order.verb), target.group,
              target.worker);
  } else if (order.verb == Verb::hold) {
    hooks_.hold(target.group, cause);
  } else {
    hooks_.release(target.group, cause);
  }
}

void SignalOrders::give(const core::SignalOrder& order, wire::Action action,
                        const core::Target& target, const std::string& cause) {
  hooks_.fired(target.group, cause);
  const core::CommandId id = parts_.orders.announce(target, wire::name(action), cause);
  parts_.orders.give(id, target, action, order.now ? core::Pace::at_once : core::Pace::in_turn,
                     cause);
}

void SignalOrders::reload(const core::SignalOrder& order, const core::Target& target,
                          const std::string& cause) {
  const auto spec = std::ranges::find(parts_.spec.groups, target.group, &core::GroupSpec::name);
  if (spec != parts_.spec.groups.end() && spec->reload_signal) {
    return signal(order, target, *spec->reload_signal, cause);
  }
  log::warn("{}: superd knows no signal at which {} reloads", cause, target.group);
}

void SignalOrders::signal(const core::SignalOrder& order, const core::Target& target, int number,
                          const std::string& cause) {
  hooks_.fired(target.group, cause);
  for (const core::Worker& worker : parts_.core.find(target.group)->workers) {
    if (target.worker != 0 && target.worker != worker.ref.number) continue;
    if (!worker.life || worker.life->main_gone) continue;
    if (order.whole_tree) {
      parts_.spawner.signal_tree(worker.life->spawn, number);
    } else {
      parts_.spawner.signal_main(worker.life->spawn, number);
    }
  }
}

// As superctl resolves names: a glob is over groups, and over workers where no group matches.
std::vector<core::Target> SignalOrders::targets_of(const std::string& name) const {
  std::vector<core::Target> groups;
  std::vector<core::Target> workers;
  for (const std::string& group : parts_.core.names()) {
    if (name == "all" || glob_match(name, group)) groups.push_back({.group = group, .worker = 0});
    for (const core::Worker& worker : parts_.core.find(group)->workers) {
      if (!glob_match(name, core::to_string(worker.ref))) continue;
      workers.push_back({.group = group, .worker = worker.ref.number});
    }
  }
  return groups.empty() ? workers : groups;
}

}  // namespace superd::daemon
