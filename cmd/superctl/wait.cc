#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>
#include <utility>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "absence.h"
#include "client/printable.h"
#include "command.h"
#include "exchange.h"
#include "selection.h"
#include "wait_state.h"

namespace superd::superctl {
namespace {

constexpr int kGoingAway = 503;

// It was there when the states were asked for.
bool went_away(const Result<wire::Response>& response) {
  return response ? response->status == kGoingAway
                  : client::exit_code_of(response.error()) == ExitCode::unreachable;
}

struct WaitArguments {
  std::vector<std::string> names;
  std::string state;
};

class Waiting {
 public:
  Waiting(Context& context, const WaitArguments& given, std::vector<client::Target> targets)
      : context_(context),
        given_(given),
        targets_(std::move(targets)),
        settled_(targets_.size()),
        seen_(targets_.size()) {}

  // `status` is superd's of now.
  ExitCode go(const wire::StatusView& status) {
    settle_reached(status);
    End end = ask();
    while (end == End::all_answered && std::exchange(away_, false)) end = ask_when_back();
    if (end == End::timed_out || end == End::interrupted) leave(end);
    if (context_.options().json) {
      context_.out().print_line(wire::to_text(nlohmann::ordered_json{{"states", states_}}));
    }
    return code_;
  }

 private:
  End ask() {
    Exchange exchange{
        .requests = {},
        .until = context_.deadline(),
        .on_answer = [this](std::size_t i, auto response) { take(asked_[i], response); },
        .on_tick = [this] { return look_around(); }};
    asked_.clear();
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      if (settled_[i]) continue;
      asked_.push_back(i);
      exchange.requests.push_back({.target = targets_[i].path() + "?until=" + given_.state});
    }
    return run(context_.socket(), std::move(exchange));
  }

  // An upgrade, or a supervisor that died: another one takes its place.
  End ask_when_back() {
    for (Absence absence(context_.out());;) {
      const auto status = context_.fetch<wire::StatusView>("/v1/status");
      if (status) {
        absence.is_over();
        settle_reached(*status);
        return ask();
      }
      if (status.error().code == ExitCode::interrupted) return End::interrupted;
      const auto now = client::Clock::now();
      if (now >= context_.deadline()) return End::timed_out;
      const auto next = absence.knocked_in_vain(now);
      if (!next) {
        note(context_.report(status.error()));
        return End::all_answered;
      }
      std::this_thread::sleep_until(*next);
    }
  }

  // One status tells of all that are there already: with hundreds of groups a request for each
  // would take its time.
  void settle_reached(const wire::StatusView& status) {
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      seen_[i] = state_of(status, targets_[i]);
      if (settled_[i] || seen_[i] != given_.state) continue;
      settled_[i] = true;
      judge(targets_[i].label(), given_.state);
    }
  }

  // superd answers when the state is reached; that it will not be is seen from here.
  Tick look_around() {
    const auto status = context_.fetch<wire::StatusView>("/v1/status");
    if (!status) return Tick::go_on;
    settle_reached(*status);
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      if (settled_[i] || !is_hopeless(seen_[i], given_.state)) continue;
      settled_[i] = true;
      judge(targets_[i].label(), seen_[i]);
    }
    return std::ranges::count(settled_, false) == 0 ? Tick::enough : Tick::go_on;
  }

  void take(std::size_t i, const Result<wire::Response>& response) {
    if (settled_[i]) return;
    if (went_away(response)) {
      away_ = true;
      return;
    }
    settled_[i] = true;
    if (targets_[i].worker) {
      judge(client::read_answer<wire::WorkerView>(response));
    } else {
      judge(client::read_answer<wire::GroupView>(response));
    }
  }

  template <class View>
  void judge(const client::Outcome<View>& view) {
    if (!view) return note(context_.report(view.error()));
    judge(view->name, view->state);
  }

  void judge(const std::string& name, const std::string& state) {
    states_.push_back({{"name", name}, {"state", state}});
    if (state == given_.state) return;
    context_.out().tell(
        client::printable(fmt::format("{}: {}, not {}", name, state, given_.state)));
    note(ExitCode::not_running);
  }

  void leave(End end) {
    note(end == End::timed_out ? ExitCode::timed_out : ExitCode::interrupted);
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      if (settled_[i]) continue;
      states_.push_back({{"name", targets_[i].label()}, {"state", seen_[i]}});
      context_.out().tell(fmt::format("{}: not {} yet", targets_[i].label(), given_.state));
    }
  }

  void note(ExitCode code) { code_ = client::worst(code_, code); }

  Context& context_;
  const WaitArguments& given_;
  std::vector<client::Target> targets_;
  std::vector<bool> settled_;
  std::vector<std::string> seen_;   // the state that was seen last
  std::vector<std::size_t> asked_;  // the target of each request
  nlohmann::ordered_json states_ = nlohmann::ordered_json::array();
  bool away_ = false;
  ExitCode code_ = ExitCode::done;
};

ExitCode run_wait(Context& context, const WaitArguments& given) {
  if (const auto why_not = objection(given.state); !why_not.empty()) {
    return context.report({ExitCode::usage, why_not});
  }
  auto selection = context.select(given.names);
  if (!selection) return context.report(selection.error());
  for (const auto& target : selection->targets) {
    const auto why_not = objection(target, given.state);
    if (!why_not.empty()) return context.report({ExitCode::usage, why_not});
  }
  return Waiting(context, given, std::move(selection->targets)).go(selection->status);
}

}  // namespace

Command wait_command() {
  auto given = std::make_shared<WaitArguments>();
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
