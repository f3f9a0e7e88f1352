#include "act.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "exchange.h"
#include "outcome_text.h"
#include "roll_progress.h"
#include "roll_text.h"
#include "selection.h"

namespace superd::superctl {
namespace {

using nlohmann::ordered_json;

class Acting {
 public:
  Acting(Context& context, const Act& what, std::vector<client::Target> targets)
      : context_(context),
        what_(what),
        progress_(context),
        targets_(std::move(targets)),
        results_(targets_.size()) {}

  ExitCode go() {
    Exchange exchange{.requests = {},
                      .until = context_.deadline(),
                      .on_answer = [this](std::size_t i, auto response) { take(i, response); },
                      .on_tick = {}};
    for (const auto& target : targets_) {
      exchange.requests.push_back({.method = wire::Method::post,
                                   .target = target.path() + "/" + what_.action,
                                   .body = what_.body});
    }
    // Whatever begins no roll is a matter of one request.
    const bool tells =
        context_.out().shows_progress() && what_.action != "signal" && what_.action != "reload";
    if (tells) {
      exchange.on_tick = [this] {
        show_progress();
        return Tick::go_on;
      };
    }
    const End end = run(context_.socket(), std::move(exchange));
    context_.out().progress("");
    if (end != End::all_answered) leave_waiting(end);
    if (context_.options().json) context_.out().print_line(all_results());
    return code_;
  }

 private:
  void take(std::size_t i, const Result<wire::Response>& response) {
    results_[i] = response ? ordered_json::parse(response->body, nullptr, false)
                           : ordered_json{{"result", "unknown"}, {"group", targets_[i].group}};
    if (response && response->status == 202) {
      take_accepted(i, response);
    } else {
      take_outcome(i, response);
    }
  }

  void take_accepted(std::size_t i, const Result<wire::Response>& response) {
    const auto accepted = client::read_answer<wire::AcceptedView>(response);
    if (!accepted) return note(context_.report(accepted.error()));
    accepted_ = true;
    results_[i] = ordered_json{{targets_[i].worker ? "worker" : "group", targets_[i].label()},
                               {"roll", accepted->roll}};
    if (!context_.options().json) context_.out().print_line(std::to_string(accepted->roll));
    if (context_.options().no_wait) return;
    context_.out().tell(fmt::format(
        "{}: {} is on its way, and ends who asks for it: superctl does not wait (roll {})",
        targets_[i].label(), what_.action, accepted->roll));
  }

  void take_outcome(std::size_t i, const Result<wire::Response>& response) {
    const auto outcome = client::read_answer<wire::OutcomeView>(response);
    if (!outcome) return note(context_.report(outcome.error()));
    const std::string label = targets_[i].group == "self" ? outcome->group : targets_[i].label();
    if (context_.out().shows_progress() && outcome->roll) progress_.tell_rest(*outcome->roll);
    note(exit_code_of(*outcome));
    if (outcome->result != wire::Verdict::done) {
      for (const auto& line : complaints(label, *outcome)) context_.out().tell(line);
    } else if (!context_.options().json) {
      context_.out().progress("");
      context_.out().print_line(summary(label, *outcome, context_.elapsed()));
      static_cast<void>(context_.out().flush());
    }
  }

  void show_progress() {
    std::string line;
    if (what_.action == "restart") {
      progress_.look();
      for (const auto& roll : progress_.rolls()) {
        if (!roll.worker) line += (line.empty() ? "" : "  ") + now_line(roll);
      }
    }
    context_.out().progress(line.empty() ? states_now() : line);
  }

  std::string states_now() {
    const auto status = context_.glance<wire::StatusView>("/v1/status");
    if (!status) return "";
    std::string line;
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      if (!results_[i].is_null()) continue;
      if (!line.empty()) line += "  ";
      line += progress_of(what_.action, targets_[i].label(), workers_of(*status, targets_[i]));
    }
    return line;
  }

  void leave_waiting(End end) {
    note(end == End::timed_out ? ExitCode::timed_out : ExitCode::interrupted);
    progress_.look();
    for (std::size_t i = 0; i < targets_.size(); ++i) {
      if (!results_[i].is_null()) continue;
      results_[i] = ordered_json{{"result", end == End::timed_out ? "timed-out" : "interrupted"},
                                 {"group", targets_[i].group}};
      const wire::RollView* roll = progress_.roll_of(targets_[i]);
      if (roll != nullptr) results_[i]["roll"] = roll->id;
      context_.out().tell(fmt::format("{}: {} is not done yet; the work goes on{}",
                                      targets_[i].label(), what_.action,
                                      roll == nullptr ? "" : fmt::format(" (roll {})", roll->id)));
    }
  }

  [[nodiscard]] std::string all_results() const {
    ordered_json document{{"results", results_}};
    // For a script that named one thing.
    if (accepted_ && results_.size() == 1) {
      document = ordered_json{{"roll", results_[0]["roll"]}, {"results", results_}};
    }
    return wire::to_text(document);
  }

  void note(ExitCode code) { code_ = client::worst(code_, code); }

  Context& context_;
  const Act& what_;
  RollProgress progress_;
  std::vector<client::Target> targets_;
  std::vector<ordered_json> results_;  // null: not answered
  bool accepted_ = false;              // something goes on behind this run
  ExitCode code_ = ExitCode::done;
};

}  // namespace

ExitCode act(Context& context, const std::vector<std::string>& names, const Act& what) {
  auto selection = context.select(names);
  if (!selection) return context.report(selection.error());
  return Acting(context, what, std::move(selection->targets)).go();
}

}  // namespace superd::superctl
