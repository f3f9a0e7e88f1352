#include "logs/logger.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/number.h"
#include "base/unique_fd.h"
#include "keeper/keeper_link.h"
#include "logs/conversation.h"
#include "logs/recordings.h"
#include "loop/channel.h"
#include "loop/loop.h"
#include "loop/poll.h"
#include "loop/timer.h"

namespace superd::logs {
namespace {

// Answers that wait for a supervisor that does not read; further ones are dropped.
constexpr std::size_t kMaxWaitingAnswers = std::size_t{64} << 20;

// How late a supervisor may know what was counted.
constexpr auto kCountEvery = std::chrono::seconds(1);

// Below what the keeper gives it.
constexpr auto kLeaveWithin = std::chrono::seconds(5);

// The end of a process some thread of which the disk holds up, and which nobody can wait for.
[[noreturn]] void leave_to_the_kernel() {
  log::warn("the disk did not take the last output in time: it is lost");
  _exit(1);
}

class LoggerProcess {
 public:
  LoggerProcess(loop::Loop loop, UniqueFd keeper)
      : loop_(std::move(loop)),
        recordings_(
            loop_, [this](core::SpawnId spawn) { tell(Matched{.spawn = spawn}); },
            [this](core::SpawnId spawn) { tell(Finished{.spawn = spawn}); },
            [this] { count_soon(); }),
        link_(std::move(keeper)) {}

  Status run() {
    Result<loop::Poll> poll =
        loop::Poll::create(loop_, link_.fd(), [this](loop::PollEvents) { on_keeper(); });
    if (!poll) return tl::unexpected(poll.error());
    link_poll_ = std::move(*poll);
    watch_keeper();
    loop_.run();
    return {};
  }

 private:
  void watch_keeper() { link_poll_->watch({.readable = true, .writable = link_.wants_write()}); }

  void on_keeper() {
    link_.flush();
    for (keeper::Message& message : link_.read()) {
      if (keeper::Peer* peer = std::get_if<keeper::Peer>(&message)) talk_to(std::move(peer->fd));
      if (const auto* lost = std::get_if<keeper::OutputLost>(&message)) on_lost(*lost);
      if (std::holds_alternative<keeper::KeeperGone>(message)) return leave();
    }
    watch_keeper();
  }

  // Of `out/17/web.1`, as daemon/spawner_process.h has it.
  void on_lost(const keeper::OutputLost& lost) {
    std::string_view name = lost.name;
    name.remove_prefix(std::min(name.size(), name.find('/') + 1));
    const auto spawn = to_number<std::uint64_t>(name.substr(0, name.find('/')));
    if (spawn) recordings_.lost(core::SpawnId{*spawn}, lost.bytes);
  }

  void talk_to(UniqueFd supervisor) {
    channel_.reset();
    missed_ = false;
    conversation_.emplace(loop_, recordings_,
                          [this](std::string message) { send(std::move(message)); });
    Result<std::unique_ptr<loop::Channel>> channel = loop::Channel::create(
        loop_, std::move(supervisor),
        {.on_message = [this](
                           std::string_view message,
                           std::vector<UniqueFd>& fds) { conversation_->on_message(message, fds); },
         // The recordings go on; the keeper sends the channel to the next supervisor.
         .on_closed = [this] { channel_.reset(); },
         .on_drained = [this] { tell_missed(); },
         .on_lost = [this] { miss(); }},
        {.bytes = kMaxWaitingAnswers});
    if (!channel) return log::error("no channel to the supervisor: {}", channel.error().message);
    channel_ = std::move(*channel);
    told_.clear();
    count_soon();
  }

  void count_soon() {
    if (!count_.armed()) count_.after(kCountEvery);
  }

  void tell_counts() {
    std::map<std::string, LogCounts> counts = recordings_.counts();
    for (const auto& [group, now] : counts) {
      const auto told = told_.find(group);
      if (told != told_.end() && told->second == now) continue;
      tell(Counted{.logger = number_, .group = group, .counts = now});
    }
    told_ = std::move(counts);
  }

  void tell(const Answer& answer) {
    for (std::string& message : encode(answer)) send(std::move(message));
  }

  void send(std::string message) {
    if (!channel_) return;
    if (const Status status = channel_->send(std::move(message)); !status) {
      log::warn("an answer to the supervisor is lost: {}", status.error().message);
      missed_ = true;
    }
  }

  // While others wait to be sent there is no use in one more.
  void miss() {
    missed_ = true;
    if (channel_->drained()) tell_missed();
  }

  void tell_missed() {
    if (std::exchange(missed_, false)) tell(Missed{});
  }

  void leave() {
    link_poll_.reset();
    channel_.reset();
    recordings_.finish_all();
    leave_limit_.after(kLeaveWithin);
    recordings_.when_written([this] {
      tell_untold();
      loop_.stop();
    });
  }

  // The disk may have no room for a line in the file.
  void tell_untold() {
    for (const auto& [path, bytes] : recordings_.untold_losses())
      log::warn("{}: {} bytes lost, of which the file does not tell", path, bytes);
  }

  loop::Loop loop_;
  Recordings recordings_;
  std::optional<Conversation> conversation_;
  std::unique_ptr<loop::Channel> channel_;
  // The supervisor does not know yet that something was lost.
  bool missed_ = false;
  keeper::KeeperLink link_;
  std::optional<loop::Poll> link_poll_;
  // No other logger of this boot has it.
  std::uint64_t number_ = static_cast<std::uint64_t>(loop::now().time_since_epoch().count());
  std::map<std::string, LogCounts> told_;  // to this supervisor
  loop::Timer count_{loop_, [this] { tell_counts(); }};
  loop::Timer leave_limit_{loop_, [this] { leave_to_the_kernel(); }};
};

void ignore_signals() {
  for (const int number : std::array{SIGHUP, SIGINT, SIGTERM, SIGUSR1, SIGUSR2, SIGPIPE, SIGXFSZ}) {
    struct sigaction action {};
    action.sa_handler = SIG_IGN;
    sigaction(number, &action, nullptr);
  }
}

}  // namespace

int run_logger(LoggerOptions options) {
  UniqueFd keeper(options.keeper_fd);
  ignore_signals();
  umask(0027);
  // Files that hang keep a thread each.
  setenv("UV_THREADPOOL_SIZE", "16", 0);
  Result<loop::Loop> loop = loop::Loop::create();
  if (!loop) {
    log::error("{}", loop.error().message);
    return 1;
  }
  LoggerProcess process(std::move(*loop), std::move(keeper));
  const Status status = process.run();
  if (!status) log::error("{}", status.error().message);
  return status ? 0 : 1;
}

}  // namespace superd::logs
