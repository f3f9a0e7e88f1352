#include <algorithm>
#include <iterator>
#include <memory>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "client/printable.h"
#include "command.h"
#include "core/state.h"
#include "exchange.h"

namespace superd::superctl {
namespace {

struct Given {
  std::vector<std::string> names;
  std::string state;
};

std::vector<std::string> states_of_workers() {
  std::vector<std::string> states;
  for (const auto one : core::kWorkerStates) states.emplace_back(core::name(one));
  return states;
}

std::vector<std::string> states_of_groups() {
  std::vector<std::string> states;
  for (const auto one : core::kGroupStates) states.emplace_back(core::name(one));
  return states;
}

// Empty where the target can be in that state.
std::string objection(const client::Target& target, const std::string& state) {
  const auto states = target.worker ? states_of_workers() : states_of_groups();
  if (std::ranges::count(states, state) > 0) return "";
  return fmt::format("{} is never {}{} (states of a {}: {})", target.label(), superd::quoted(state),
                     did_you_mean(state, states), target.worker ? "worker" : "group",
                     fmt::join(states, " "));
}

class Waiting {
 public:
  Waiting(Context& context, const Given& given, std::vector<client::Target> targets)
      : context_(context), given_(given), targets_(std::move(targets)), reached_(targets_.size()) {}

  ExitCode go() {
    Exchange exchange{.requests = {},
                      .until = context_.deadline(),
                      .on_answer = [this](std::size_t i, auto response) { take(i, response); },
                      .on_tick = {}};
    for (const auto& target : targets_) {
      exchange.requests.push_back({.target = target.path() + "?until=" + given_.state});
    }
    const End end = run(context_.socket(), std::move(exchange));
    if (end != End::all_answered) leave(end);
    if (context_.options().json) {
      context_.out().print_line(wire::to_text(nlohmann::ordered_json{{"states", states_}}));
    }
    return code_;
  }

 private:
  void take(std::size_t i, const Result<wire::Response>& response) {
    reached_[i] = true;
    if (targets_[i].worker) {
      judge(targets_[i], client::read_answer<wire::WorkerView>(response));
    } else {
      judge(targets_[i], client::read_answer<wire::GroupView>(response));
    }
  }

  template <class View>
  void judge(const client::Target& target, const client::Outcome<View>& view) {
    if (!view) return note(context_.report(view.error()));
    states_.push_back({{"name", view->name}, {"state", view->state}});
    if (view->state == given_.state) return;
    context_.out().tell(client::printable(
        fmt::format("{}: {}, not {}", target.label(), view->state, given_.state)));
    note(ExitCode::not_running);
  }

  void leave(End end) {
    note(end == End::timed_out ? ExitCode::timed_out : ExitCode::interrupted);
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      if (reached_[i]) continue;
      context_.out().tell(fmt::format("{}: not {} yet", targets_[i].label(), given_.state));
    }
  }

  void note(ExitCode code) { code_ = client::worst(code_, code); }

  Context& context_;
  const Given& given_;
  std::vector<client::Target> targets_;
  std::vector<bool> reached_;
  nlohmann::ordered_json states_ = nlohmann::ordered_json::array();
  ExitCode code_ = ExitCode::done;
};

// Empty where something can be in that state.
std::string objection(const std::string& state) {
  if (core::parse_worker_state(state) || core::parse_group_state(state)) return "";
  auto states = states_of_groups();
  std::ranges::copy(states_of_workers(), std::back_inserter(states));
  return fmt::format("--for: no such state {}{}", superd::quoted(state),
                     did_you_mean(state, states));
}

ExitCode run_wait(Context& context, const Given& given) {
  if (const auto why_not = objection(given.state); !why_not.empty()) {
    return context.report({ExitCode::usage, why_not});
  }
  auto selection = context.select(given.names);
  if (!selection) return context.report(selection.error());
  for (const auto& target : selection->targets) {
    const auto why_not = objection(target, given.state);
    if (!why_not.empty()) return context.report({ExitCode::usage, why_not});
  }
  return Waiting(context, given, std::move(selection->targets)).go();
}

}  // namespace

Command wait_command() {
  auto given = std::make_shared<Given>();
  return {.name = "wait",
          .summary = "return once a state is reached",
          .declare =
              [given](CLI::App& app) {
                declare_names(app, given->names);
                app.add_option("--for", given->state, "running, ready, stopped, …")
                    ->required()
                    ->type_name("STATE");
              },
          .run = [given](Context& context) { return run_wait(context, *given); }};
}

}  // namespace superd::superctl
