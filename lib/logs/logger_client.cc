#include "logs/logger_client.h"

#include <algorithm>
#include <cerrno>
#include <map>
#include <utility>

#include "base/log.h"
#include "loop/channel.h"
#include "loop/timer.h"

namespace superd::logs {
namespace {

constexpr std::chrono::seconds kAlone{1};
// What was lost for want of descriptors is lost again where nothing has been given back.
constexpr std::chrono::seconds kAgain{1};

}  // namespace

struct LoggerClient::State {
  // A question without its whole answer.
  struct Pending {
    loop::TimePoint deadline;
    LinesCallback on_lines;
    std::vector<Line> lines = {};
  };

  State(loop::Loop& on_loop, Options with)
      : loop(on_loop),
        options(std::move(with)),
        timer(on_loop, [this] { expire(); }),
        alone(on_loop,
              [this] {
                options.on_alone();
                begin_alone();
              }),
        again(on_loop, [this] { send_hello(); }) {
    begin_alone();
  }

  void send_hello();
  void miss(const Error& why);
  Status send(const Request& request, std::vector<UniqueFd> fds);
  void order(const Request& request, std::vector<UniqueFd> fds);
  void ask(RequestId id, const Request& request, LinesCallback on_lines);
  void on_message(std::string_view message);
  void on_answer(Captures captures);
  void on_answer(Lines lines);
  void on_answer(const Matched& matched) const;
  void on_answer(const Finished& finished) const;
  void on_answer(const Counted& counted) const;
  void lose_channel();
  void begin_alone();
  void expire();
  void arm();

  loop::Loop& loop;
  Options options;
  loop::Timer timer;
  loop::Timer alone;
  // Armed: something was lost, and the captures are compared again, at the latest then.
  loop::Timer again;
  std::unique_ptr<loop::Channel> channel;
  std::map<RequestId, Pending> pending;
  std::uint64_t last_id = 0;
  // The Hello whose answer counts, and what came of it.
  RequestId hello{};
  std::vector<core::SpawnId> spawns;
  bool told_of_loss = false;

  RequestId next_id() { return RequestId{++last_id}; }
};

LoggerClient::LoggerClient(loop::Loop& loop, Options options)
    : state_(std::make_unique<State>(loop, std::move(options))) {}

LoggerClient::~LoggerClient() = default;

bool LoggerClient::connected() const { return state_->channel != nullptr; }

void LoggerClient::set_channel(UniqueFd socket) {
  State& state = *state_;
  state.lose_channel();
  Result<std::unique_ptr<loop::Channel>> channel = loop::Channel::create(
      state.loop, std::move(socket),
      {.on_message = [&state](std::string_view message,
                              std::vector<UniqueFd>&) { state.on_message(message); },
       .on_closed = [&state] { state.lose_channel(); },
       .on_drained =
           [&state] {
             if (state.again.armed()) state.send_hello();
           },
       .on_lost = [&state] { state.miss({.message = "a message to the logger is lost"}); }},
      {});
  if (!channel) return log::error("no channel to the logger: {}", channel.error().message);
  state.channel = std::move(*channel);
  state.alone.cancel();
  state.send_hello();
}

void LoggerClient::capture(const Capture& capture, std::vector<UniqueFd> fds) {
  state_->order(capture, std::move(fds));
}

void LoggerClient::stop_matching(core::SpawnId spawn) {
  state_->order(StopMatching{.spawn = spawn}, {});
}

void LoggerClient::finish(core::SpawnId spawn) { state_->order(Finish{.spawn = spawn}, {}); }

void LoggerClient::tail(core::SpawnId spawn, int lines, LinesCallback on_lines) {
  const RequestId id = state_->next_id();
  state_->ask(id, Tail{.request = id, .spawn = spawn, .lines = std::max(lines, 0)},
              std::move(on_lines));
}

void LoggerClient::read(std::vector<Source> sources, int lines, Stream only,
                        LinesCallback on_lines) {
  const RequestId id = state_->next_id();
  const Read read{
      .request = id, .sources = std::move(sources), .lines = std::max(lines, 0), .only = only};
  state_->ask(id, read, std::move(on_lines));
}

void LoggerClient::read_on(std::vector<Source> sources, Stream only, LinesCallback on_lines) {
  const RequestId id = state_->next_id();
  const Read read{
      .request = id, .kind = Read::Kind::on, .sources = std::move(sources), .only = only};
  state_->ask(id, read, std::move(on_lines));
}

void LoggerClient::sync(LinesCallback on_done) {
  const RequestId id = state_->next_id();
  state_->ask(id, Sync{.request = id}, std::move(on_done));
}

void LoggerClient::reopen(LinesCallback on_done) {
  const RequestId id = state_->next_id();
  state_->ask(id, Reopen{.request = id}, std::move(on_done));
}

void LoggerClient::State::send_hello() {
  again.cancel();
  if (!channel) return;
  hello = next_id();
  spawns.clear();
  if (const Status sent = send(Hello{.request = hello}, {}); !sent) miss(sent.error());
}

// What was lost is told once, until nothing is missing any more.
void LoggerClient::State::miss(const Error& why) {
  if (!std::exchange(told_of_loss, true)) log::warn("{}; trying again until it works", why.message);
  if (!again.armed()) again.after(kAgain);
}

Status LoggerClient::State::send(const Request& request, std::vector<UniqueFd> fds) {
  if (!channel) return fail_errno("no channel to the logger", EPIPE);
  Result<std::vector<std::string>> messages = encode(request);
  if (!messages) return tl::unexpected(messages.error());
  for (std::string& message : *messages) {
    if (Status sent = channel->send(std::move(message), std::exchange(fds, {})); !sent) return sent;
  }
  return {};
}

// Without a channel there is nothing to catch up with: a new one begins with a comparison.
void LoggerClient::State::order(const Request& request, std::vector<UniqueFd> fds) {
  if (!channel) return;
  const Status sent = send(request, std::move(fds));
  if (sent) return;
  // What can never be said has no errno.
  if (sent.error().code == 0) return log::error("{}", sent.error().message);
  miss(sent.error());
}

void LoggerClient::State::ask(RequestId id, const Request& request, LinesCallback on_lines) {
  const Status sent = send(request, {});
  if (!sent && sent.error().code == 0) log::error("{}", sent.error().message);
  const loop::TimePoint now = loop::now();
  pending.emplace(
      id, Pending{.deadline = sent ? now + options.timeout : now, .on_lines = std::move(on_lines)});
  arm();
}

void LoggerClient::State::on_message(std::string_view message) {
  Result<Answer> answer = decode_answer(message);
  if (!answer)
    return log::warn("an answer of the logger is not understood: {}", answer.error().message);
  if (Captures* captures = std::get_if<Captures>(&*answer)) return on_answer(std::move(*captures));
  if (const Matched* matched = std::get_if<Matched>(&*answer)) return on_answer(*matched);
  if (const Finished* finished = std::get_if<Finished>(&*answer)) return on_answer(*finished);
  if (const Counted* counted = std::get_if<Counted>(&*answer)) return on_answer(*counted);
  if (std::holds_alternative<Missed>(*answer))
    return miss({.message = "the logger has missed something"});
  on_answer(std::get<Lines>(std::move(*answer)));
}

void LoggerClient::State::on_answer(Captures captures) {
  if (captures.request != hello) return;
  spawns.insert(spawns.end(), captures.spawns.begin(), captures.spawns.end());
  if (captures.more || !options.on_captures) return;
  const std::vector<core::SpawnId> all = std::exchange(spawns, {});
  options.on_captures(all);
  if (!again.armed()) told_of_loss = false;
}

void LoggerClient::State::on_answer(const Matched& matched) const {
  if (options.on_matched) options.on_matched(matched.spawn);
}

void LoggerClient::State::on_answer(const Finished& finished) const {
  if (options.on_finished) options.on_finished(finished.spawn);
}

void LoggerClient::State::on_answer(const Counted& counted) const {
  if (options.on_counted) options.on_counted(counted);
}

void LoggerClient::State::on_answer(Lines answer) {
  const auto found = pending.find(answer.request);
  if (found == pending.end()) return;
  std::vector<Line>& lines = found->second.lines;
  auto first = answer.lines.begin();
  if (answer.joined && !lines.empty() && first != answer.lines.end())
    lines.back().text += (first++)->text;
  lines.insert(lines.end(), std::make_move_iterator(first),
               std::make_move_iterator(answer.lines.end()));
  if (answer.more) return;
  Pending done = std::move(found->second);
  pending.erase(found);
  arm();
  if (done.on_lines) done.on_lines(std::move(done.lines));
}

void LoggerClient::State::begin_alone() {
  if (options.on_alone) alone.after(kAlone);
}

void LoggerClient::State::lose_channel() {
  channel.reset();
  begin_alone();
  again.cancel();
  for (auto& [id, question] : pending) question.deadline = loop::now();
  arm();
}

void LoggerClient::State::expire() {
  const loop::TimePoint now = loop::now();
  std::vector<LinesCallback> unanswered;
  for (auto at = pending.begin(); at != pending.end();) {
    if (at->second.deadline > now) {
      ++at;
      continue;
    }
    unanswered.push_back(std::move(at->second.on_lines));
    at = pending.erase(at);
  }
  arm();
  for (const LinesCallback& on_lines : unanswered) {
    if (on_lines) on_lines(std::nullopt);
  }
}

void LoggerClient::State::arm() {
  if (pending.empty()) return timer.cancel();
  const auto first = std::min_element(pending.begin(), pending.end(), [](auto& a, auto& b) {
    return a.second.deadline < b.second.deadline;
  });
  timer.at(first->second.deadline);
}

}  // namespace superd::logs
