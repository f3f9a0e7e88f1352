#include "follow_logs.h"

#include <algorithm>
#include <cerrno>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "absence.h"
#include "client/interrupt.h"
#include "client/line_stream.h"
#include "core/worker_ref.h"
#include "log_places.h"
#include "wire/http_codec.h"
#include "wire/json.h"

namespace superd::superctl {
namespace {

using client::Clock;
using client::LineStream;

constexpr int kGoingAway = 503;
constexpr int kKeepsNone = 409;

// The lines of one group or worker on their way.
struct Way {
  client::Target target;
  Absence absence;
  std::unique_ptr<LineStream> stream{};
  Clock::time_point retry{};
  bool was_there = false;
  bool left_out_told = false;
  LogPlaces places{};
  bool reached = false;  // what was there at the beginning has come
  bool over = false;
};

struct Waiting {
  std::string key;  // its time, or that of the line before it
  wire::LogLine line;
};

class LogFollower {
 public:
  LogFollower(Context& context, const LogsWish& wish, LogPrinter printer,
              const std::vector<client::Target>& targets)
      : context_(context), wish_(wish), printer_(std::move(printer)) {
    for (const client::Target& target : targets)
      ways_.push_back({.target = target, .absence = Absence(context.out())});
  }

  ExitCode run();

 private:
  [[nodiscard]] LineStream::Watched watched() const {
    return {.interrupt_fd = interrupt_.fd(), .output_fd = STDOUT_FILENO};
  }
  [[nodiscard]] std::string target(const Way& way) const;
  // Nothing: go on.
  std::optional<ExitCode> step();
  void open(Way& way);
  std::optional<ExitCode> move_on(Way& way);
  std::optional<ExitCode> away(Way& way, const Error& error);
  void refused(Way& way, wire::Response response);
  void take(Way& way, const std::string& text);
  void print_waiting();
  ExitCode end(const Error& error);

  Context& context_;
  LogsWish wish_;
  LogPrinter printer_;
  client::Interrupt interrupt_;
  std::deque<Way> ways_;
  std::vector<Waiting> waiting_;
  ExitCode code_ = ExitCode::done;
};

std::string LogFollower::target(const Way& way) const {
  std::vector<wire::QueryField> query;
  const auto worker = core::parse_worker_ref(way.target.worker.value_or(""));
  if (worker) query.push_back({"worker", std::to_string(worker->number)});
  if (!wish_.stream.empty()) query.push_back({"stream", wish_.stream});
  if (wish_.until == LogsWish::Until::ever) query.push_back({"follow", "1"});
  if (!way.places.empty()) {
    for (wire::QueryField& field : way.places.query()) query.push_back(std::move(field));
  } else if (!wish_.since.empty()) {
    query.push_back({"since", wish_.since});
  } else {
    query.push_back({"lines", std::to_string(wish_.lines)});
  }
  return wire::make_target({"v1", "groups", way.target.group, "logs"}, query);
}

ExitCode LogFollower::run() {
  while (std::ranges::any_of(ways_, [](const Way& way) { return !way.over; })) {
    if (const auto code = step()) return *code;
  }
  context_.out().progress("");
  return code_;
}

std::optional<ExitCode> LogFollower::step() {
  Clock::time_point until = context_.deadline();
  std::vector<LineStream*> streams;
  for (Way& way : ways_) {
    if (way.over) continue;
    if (!way.stream && Clock::now() >= way.retry) open(way);
    if (!way.stream) until = std::min(until, way.retry);
    if (way.stream) streams.push_back(way.stream.get());
  }
  if (const Status waited = LineStream::wait_for_any(streams, watched(), until); !waited)
    return end(waited.error());
  for (Way& way : ways_) {
    if (!way.stream) continue;
    if (const auto code = move_on(way)) return code;
  }
  print_waiting();
  if (!context_.out().flush()) return ExitCode::failed;
  if (context_.out().reader_gone()) return ExitCode::done;
  if (Clock::now() >= context_.deadline()) return ExitCode::timed_out;
  return std::nullopt;
}

void LogFollower::open(Way& way) {
  way.stream = std::make_unique<LineStream>(context_.socket(),
                                            client::Request{.target = target(way)}, watched());
  const std::size_t left_out = way.places.left_out();
  if (left_out == 0 || std::exchange(way.left_out_told, true)) return;
  context_.out().complain(fmt::format(
      "{}: superd was away, and of {} workers that were quiet before only the last line since then "
      "is "
      "shown: a request has no room for all their places; log.format \"cri\" needs none, and a "
      "worker that is followed by its name misses nothing",
      way.target.group, left_out));
}

std::optional<ExitCode> LogFollower::move_on(Way& way) {
  auto some = way.stream->next(Clock::time_point::min());
  if (!some) return away(way, some.error());
  if (way.stream->began()) {
    way.was_there = true;
    way.absence.is_over();
  }
  for (const std::string& line : some->lines) take(way, line);
  if (some->refusal) {
    const bool leaving = way.was_there && some->refusal->status == kGoingAway;
    if (!leaving) refused(way, std::move(*some->refusal));
    if (!leaving) return std::nullopt;
  }
  if (!some->over) return std::nullopt;
  way.stream.reset();
  if (wish_.until == LogsWish::Until::now) {
    way.over = true;
    return std::nullopt;
  }
  return away(way, {.code = ECONNREFUSED, .message = "superd has gone and did not come back"});
}

// A superd that ended the answer is restarted, or leaves.
std::optional<ExitCode> LogFollower::away(Way& way, const Error& error) {
  way.stream.reset();
  if (!way.was_there || wish_.until == LogsWish::Until::now) return end(error);
  const auto next = way.absence.knocked_in_vain(Clock::now());
  if (!next) return end(next.error());
  way.retry = *next;
  return std::nullopt;
}

void LogFollower::refused(Way& way, wire::Response response) {
  way.stream.reset();
  way.over = true;
  if (wish_.all && response.status == kKeepsNone) return;
  code_ = client::worst(code_, context_.report(client::body_of(std::move(response)).error()));
}

void LogFollower::take(Way& way, const std::string& text) {
  auto line = wire::from_text<wire::LogLine>(text);
  if (!line) return;
  if (way.left_out_told && way.places.knows(*line)) return;
  if (line->event == "reached") way.reached = true;
  way.places.note(*line);
  waiting_.push_back({.key = way.places.last_time(), .line = std::move(*line)});
}

// What others may still have an earlier line for waits.
void LogFollower::print_waiting() {
  std::optional<std::string> limit;
  for (const Way& way : ways_) {
    if (way.reached || way.over) continue;
    if (!limit || way.places.last_time() < *limit) limit = way.places.last_time();
  }
  const auto earlier = [](const Waiting& a, const Waiting& b) { return a.key < b.key; };
  std::ranges::stable_sort(waiting_, earlier);
  auto it = waiting_.begin();
  for (; it != waiting_.end() && (!limit || it->key <= *limit); ++it) printer_.print(it->line);
  waiting_.erase(waiting_.begin(), it);
}

// An interrupt is nothing to complain of.
ExitCode LogFollower::end(const Error& error) {
  context_.out().progress("");
  if (error.code == EPIPE) return ExitCode::done;
  const client::Failure failure{client::exit_code_of(error), error.message};
  if (failure.code == ExitCode::interrupted) return failure.code;
  return context_.report(failure);
}

}  // namespace

ExitCode follow_logs(Context& context, const std::vector<client::Target>& targets,
                     const LogsWish& wish, LogPrinter printer) {
  return LogFollower(context, wish, std::move(printer), targets).run();
}

}  // namespace superd::superctl
