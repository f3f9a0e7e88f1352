#include "daemon/exec_readiness.h"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"

namespace superd::daemon {
namespace {

constexpr int kPauseShare = 10;

// `: connection refused`; empty where nothing was written.
std::string last_of(const std::vector<std::string>& lines) {
  const auto last = std::find_if(lines.rbegin(), lines.rend(),
                                 [](const std::string& line) { return !trim(line).empty(); });
  return last == lines.rend() ? "" : ": " + printable(trim(*last));
}

std::string in_words(const ErrandEnd& end) {
  switch (end.how) {
    case ErrandEnd::How::succeeded:
      return "";
    case ErrandEnd::How::failed:
      return fmt::format("ready.command {}{}", end.message, last_of(end.output));
    case ErrandEnd::How::never_ran:
      return fmt::format("ready.command: {}", end.message);
  }
  std::abort();
}

}  // namespace

struct ExecReadiness::Watch {
  Watch(core::SpawnId s, loop::Loop& loop, std::function<void()> on_time)
      : spawn(s), began(loop::now()), next(loop, std::move(on_time)) {}

  core::SpawnId spawn;
  int worker = 1;
  std::vector<std::string> command;
  Recipes::Shared recipe;
  loop::TimePoint began;
  loop::Timer next;
  std::optional<core::SpawnId> running;
  std::optional<ErrandEnd> last;
};

ExecReadiness::ExecReadiness(Parts parts, Seen seen) : parts_(parts), seen_(std::move(seen)) {}

ExecReadiness::~ExecReadiness() = default;

ExecReadiness::Watch* ExecReadiness::find(core::SpawnId spawn) const {
  const auto found = watches_.find(spawn);
  return found == watches_.end() ? nullptr : found->second.get();
}

void ExecReadiness::watch(core::SpawnId spawn, int worker, int generation,
                          const core::GroupSpec& group) {
  unwatch(spawn);
  auto watch = std::make_unique<Watch>(spawn, parts_.loop, [this, spawn] { check(spawn); });
  watch->worker = worker;
  watch->command = group.ready.command;
  watches_[spawn] = std::move(watch);
  // The spawn itself was made by this recipe, so it is there.
  parts_.recipes.with(
      group.name, generation, worker, [this, spawn](const Result<Recipes::Shared>& made) {
        Watch* waiting = find(spawn);
        if (waiting == nullptr) return;
        if (!made) {
          waiting->last =
              ErrandEnd{.how = ErrandEnd::How::never_ran, .message = made.error().message};
          return;
        }
        waiting->recipe = *made;
        check(spawn);
      });
}

void ExecReadiness::unwatch(core::SpawnId spawn) {
  const auto found = watches_.extract(spawn);
  if (!found.empty() && found.mapped()->running) parts_.errands.cancel(*found.mapped()->running);
}

void ExecReadiness::check(core::SpawnId spawn) {
  Watch* watch = find(spawn);
  if (watch == nullptr) return;
  watch->running =
      parts_.errands.run({.recipe = watch->recipe,
                          .worker = watch->worker,
                          .command = watch->command,
                          .timeout = kCheckLimit},
                         [this, spawn](ErrandEnd end) { on_checked(spawn, std::move(end)); });
}

void ExecReadiness::on_checked(core::SpawnId spawn, ErrandEnd end) {
  Watch* watch = find(spawn);
  if (watch == nullptr) return;
  if (end.how == ErrandEnd::How::succeeded) {
    watches_.erase(spawn);
    seen_(spawn);
    return;
  }
  watch->running.reset();
  watch->last = std::move(end);
  pause(*watch);
}

void ExecReadiness::pause(Watch& watch) {
  const loop::Duration waited = loop::now() - watch.began;
  watch.next.after(std::clamp<loop::Duration>(waited / kPauseShare, kMinPause, kMaxPause));
}

std::string ExecReadiness::reason(core::SpawnId spawn) const {
  const Watch* watch = find(spawn);
  if (watch == nullptr) return "";
  if (watch->last) return in_words(*watch->last);
  std::vector<std::string> lines;
  if (watch->running) lines = parts_.errands.output(*watch->running);
  return "ready.command has not ended yet" + last_of(lines);
}

}  // namespace superd::daemon
