#include "event_text.h"

#include <cstdlib>

#include <fmt/format.h>

namespace superd::core {
namespace {

template <class... F>
struct Match : F... {
  using F::operator()...;
};
template <class... F>
Match(F...) -> Match<F...>;

std::uint64_t number(CommandId id) { return static_cast<std::uint64_t>(id); }
std::uint64_t number(SpawnId id) { return static_cast<std::uint64_t>(id); }

std::string text(const Target& target) {
  return target.worker == 0 ? target.group : fmt::format("{}.{}", target.group, target.worker);
}

const char* text(Pace pace) {
  switch (pace) {
    case Pace::in_turn:
      return "";
    case Pace::at_once:
      return " at once";
    case Pace::on_demand:
      return " on demand";
  }
  std::abort();
}

std::string text(const TimerKey& key) {
  const auto kind = [&] {
    switch (key.kind) {
      case TimerKind::ready_delay:
        return "ready_delay";
      case TimerKind::ready_timeout:
        return "ready_timeout";
      case TimerKind::kill:
        return "kill";
      case TimerKind::soak:
        return "soak";
      case TimerKind::backoff:
        return "backoff";
      case TimerKind::patience:
        return "patience";
    }
    std::abort();
  };
  return fmt::format("{} {} #{}", kind(), to_string(key.worker), number(key.spawn));
}

}  // namespace

std::string text(const Event& event) {
  return std::visit(
      Match{
          [](const StartRequested& e) {
            return fmt::format("start {} ({})", text(e.target), number(e.command));
          },
          [](const StopRequested& e) {
            return fmt::format("stop {} ({})", text(e.target), number(e.command));
          },
          [](const RestartRequested& e) {
            return fmt::format("restart {}{} ({})", text(e.target), text(e.pace),
                               number(e.command));
          },
          [](const GroupConfigured& e) {
            return fmt::format("configure {} {} workers{} ({})", e.spec->name, e.spec->workers,
                               e.recipe == GroupConfigured::Recipe::anew ? " anew" : "",
                               number(e.command));
          },
          [](const GroupRemoved& e) {
            return fmt::format("remove {} ({})", e.group, number(e.command));
          },
          [](const GroupsOrdered&) { return std::string("order"); },
          [](const ConnectionWaits& e) { return fmt::format("a connection for {}", e.group); },
          [](const GroupIdle& e) { return fmt::format("{} is idle", e.group); },
          [](const ShutdownRequested& e) {
            return fmt::format("shutdown{}", e.urgency == Urgency::at_once ? " at once" : "");
          },
          [](const ProcessMade& e) { return fmt::format("#{} made", number(e.spawn)); },
          [](const ProgramExecuted& e) { return fmt::format("#{} executed", number(e.spawn)); },
          [](const ReadinessSeen& e) { return fmt::format("#{} says ready", number(e.spawn)); },
          [](const TimeoutExtended& e) {
            return fmt::format("#{} asks for {}", number(e.spawn), in_words(e.by));
          },
          [](const MainExited& e) {
            return fmt::format("#{} {}", number(e.spawn), describe(e.exit));
          },
          [](const TreeGone& e) { return fmt::format("#{} gone", number(e.spawn)); },
          [](const TimerFired& e) { return fmt::format("timer {}", text(e.key)); },
          [](const RecipeMade& e) { return fmt::format("made {}/{}", e.group, e.generation); },
          [](const BeforeEnded& e) {
            return fmt::format("before of {} {}", number(e.roll), e.ok ? "ok" : e.message);
          },
          [](const StartsAllowed&) { return std::string("starts allowed"); },
      },
      event);
}

std::string text(const Effect& effect) {
  return std::visit(
      Match{
          [](const MakeRecipe& e) { return fmt::format("make {}/{}", e.group, e.generation); },
          [](const DropRecipe& e) { return fmt::format("drop {}/{}", e.group, e.generation); },
          [](const Spawn& e) {
            return fmt::format("spawn #{} {} by {}", number(e.spawn), to_string(e.worker),
                               e.generation);
          },
          [](const WatchReadiness& e) { return fmt::format("watch #{}", number(e.spawn)); },
          [](const SpecTaken& e) { return fmt::format("{} takes its spec", e.group); },
          [](const GroupGone& e) { return fmt::format("{} is gone", e.group); },
          [](const WatchDemand& e) { return fmt::format("watch demand {}", e.group); },
          [](const UnwatchDemand& e) { return fmt::format("unwatch demand {}", e.group); },
          [](const UnwatchReadiness& e) { return fmt::format("unwatch #{}", number(e.spawn)); },
          [](const RunBefore& e) { return fmt::format("run before of {}", number(e.roll)); },
          [](const CancelBefore& e) { return fmt::format("cancel before of {}", number(e.roll)); },
          [](const SignalMain& e) { return fmt::format("signal main #{}", number(e.spawn)); },
          [](const SignalTree& e) { return fmt::format("signal tree #{}", number(e.spawn)); },
          [](const KillTree& e) { return fmt::format("kill #{}", number(e.spawn)); },
          [](const Forget& e) { return fmt::format("forget #{}", number(e.spawn)); },
          [](const ArmTimer& e) { return fmt::format("arm {}", text(e.key)); },
          [](const CancelTimer& e) { return fmt::format("cancel {}", text(e.key)); },
          [](const WorkerChanged& e) {
            return fmt::format("{}: {} -> {}", to_string(e.worker), name(e.from), name(e.to));
          },
          [](const GroupChanged& e) {
            return fmt::format("{}: {} -> {}", e.group, name(e.from), name(e.to));
          },
          [](const RollBegan& e) {
            return fmt::format("roll {} of {} begins", number(e.roll), e.group);
          },
          [](const RollStep& e) {
            return fmt::format("roll {}: step {} of worker {}", number(e.roll),
                               static_cast<int>(e.kind), e.worker);
          },
          [](const RollEnded& e) {
            return fmt::format("roll {} ends: {}", number(e.roll), static_cast<int>(e.result));
          },
          [](const Answer& e) {
            return fmt::format("answer {} {}", number(e.command), e.ok ? "ok" : "failed");
          },
          [](const ShutdownDone&) { return std::string("shutdown done"); },
      },
      effect);
}

}  // namespace superd::core
