#include <algorithm>
#include <cerrno>
#include <memory>
#include <optional>
#include <utility>

#include <CLI/CLI.hpp>
#include <unistd.h>

#include "absence.h"
#include "base/text.h"
#include "client/interrupt.h"
#include "client/line_stream.h"
#include "command.h"
#include "event_text.h"
#include "wire/json.h"

namespace superd::superctl {
namespace {

constexpr int kShuttingDown = 503;

struct Given {
  std::vector<std::string> names;
  std::string since;
  bool follow = false;
};

// One run: what is asked for, and how far it has come.
class Events {
 public:
  Events(Context& context, std::vector<client::Target> targets)
      : context_(context), targets_(std::move(targets)), absence_(context.out()) {}

  ExitCode show(std::optional<Since> since);
  ExitCode follow(std::optional<Since> since);

 private:
  using Watched = client::LineStream::Watched;

  // Nothing: the answer is over, and another one may go on after it.
  std::optional<ExitCode> follow_once(Watched watched);
  // Nothing: after a little while it is worth another try.
  std::optional<ExitCode> pause(Watched watched);
  ExitCode end(const Error& error);
  ExitCode refuse(const client::Failure& failure);
  void take(const std::string& line);
  void begin_after(const std::optional<Since>& since);
  enum class Follow { no, yes };
  [[nodiscard]] std::string target(Follow follow) const;

  Context& context_;
  std::vector<client::Target> targets_;
  std::optional<std::uint64_t> last_;  // the id of the latest event that came
  std::optional<WallTime> from_;
  Absence absence_;
  bool was_there_ = false;
};

void Events::begin_after(const std::optional<Since>& since) {
  if (!since) return;
  if (const auto* id = std::get_if<std::uint64_t>(&*since)) last_ = *id;
  if (const auto* time = std::get_if<WallTime>(&*since)) {
    last_ = 0;
    from_ = *time;
  }
}

std::string Events::target(Follow follow) const {
  std::vector<wire::QueryField> query;
  if (follow == Follow::yes) query.push_back({"follow", "1"});
  if (last_) query.push_back({"since", std::to_string(*last_)});
  // superd leaves out the rest where all is about one group.
  const bool one = !targets_.empty() && std::ranges::all_of(targets_, [&](const auto& t) {
    return t.group == targets_.front().group;
  });
  if (one) query.push_back({"group", targets_.front().group});
  return wire::make_target({"v1", "events"}, query);
}

void Events::take(const std::string& line) {
  const auto event = wire::from_text<wire::OccurrenceView>(line);
  if (!event) return;
  last_ = event->id;
  // The next answer goes on there.
  if (event->event == "dropped") return;
  if (event->event == "missed") return context_.out().complain(event->message.value_or(""));
  if (!is_about(*event, targets_) || (from_ && !is_since(*event, *from_))) return;
  context_.out().progress("");
  context_.out().print_line(context_.options().json ? line : event_text(*event));
}

ExitCode Events::show(std::optional<Since> since) {
  begin_after(since);
  const auto body = context_.get(target(Follow::no));
  if (!body) return refuse(body.error());
  for (const auto& line : split(*body, '\n')) take(line);
  return ExitCode::done;
}

ExitCode Events::follow(std::optional<Since> since) {
  const client::Interrupt interrupt;
  begin_after(since);
  if (!last_) {
    // From now on, whatever becomes of the first answer.
    const auto body = context_.get(target(Follow::no));
    if (!body) return refuse(body.error());
    last_ = 0;
    const auto lines = split(trim(*body), '\n');
    if (const auto event = wire::from_text<wire::OccurrenceView>(lines.back())) last_ = event->id;
    was_there_ = true;
  }
  while (true) {
    const auto code = follow_once({.interrupt_fd = interrupt.fd(), .output_fd = STDOUT_FILENO});
    if (code) return *code;
  }
}

std::optional<ExitCode> Events::follow_once(Watched watched) {
  client::LineStream stream(context_.socket(), {.target = target(Follow::yes)}, watched);
  while (true) {
    auto some = stream.next(context_.deadline());
    if (stream.began()) {
      was_there_ = true;
      absence_.is_over();
    }
    if (!some && (!was_there_ || some.error().code == EINTR || some.error().code == EPIPE)) {
      return end(some.error());
    }
    if (!some) return pause(watched);
    if (some->refusal && !(was_there_ && some->refusal->status == kShuttingDown)) {
      return refuse(client::body_of(std::move(*some->refusal)).error());
    }
    for (const auto& line : some->lines) take(line);
    if (!context_.out().flush()) return ExitCode::failed;
    if (context_.out().reader_gone()) return ExitCode::done;
    if (some->over) return pause(watched);
    if (some->lines.empty()) return ExitCode::timed_out;
  }
}

// A superd that ended the answer is restarted, or leaves.
std::optional<ExitCode> Events::pause(Watched watched) {
  const auto now = client::Clock::now();
  if (now >= context_.deadline()) return ExitCode::timed_out;
  const auto next = absence_.knocked_in_vain(now);
  if (!next) return end(next.error());
  const Status paused = client::LineStream::pause(watched, *next);
  if (!paused) return end(paused.error());
  return std::nullopt;
}

ExitCode Events::end(const Error& error) {
  context_.out().progress("");
  if (error.code == EPIPE) return ExitCode::done;
  return refuse({client::exit_code_of(error), error.message});
}

// An interrupt is nothing to complain of.
ExitCode Events::refuse(const client::Failure& failure) {
  if (failure.code == ExitCode::interrupted) return failure.code;
  return context_.report(failure);
}

ExitCode run_events(Context& context, const Given& given) {
  std::optional<Since> since;
  if (!given.since.empty()) {
    auto parsed = parse_since(given.since, std::chrono::system_clock::now());
    if (!parsed) return context.report({ExitCode::usage, "--since: " + parsed.error().message});
    since = *parsed;
  }
  std::vector<client::Target> targets;
  if (!given.names.empty()) {
    auto selection = context.select(given.names);
    if (!selection) return context.report(selection.error());
    targets = std::move(selection->targets);
  }
  Events events(context, std::move(targets));
  return given.follow ? events.follow(since) : events.show(since);
}

}  // namespace

Command events_command() {
  auto given = std::make_shared<Given>();
  return {.name = "events",
          .summary = "what happened and why, one a line",
          .declare =
              [given](CLI::App& app) {
                app.add_option("NAME", given->names,
                               "group, worker or glob; none: all, and superd itself")
                    ->type_name("");
                app.add_flag("-f,--follow", given->follow, "go on with what happens from now on");
                app.add_option("--since", given->since,
                               "a time, how long ago (10m), or after the event of this id")
                    ->type_name("T");
              },
          .run = [given](Context& context) { return run_events(context, *given); }};
}

}  // namespace superd::superctl
