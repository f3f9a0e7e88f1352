#include "daemon/roll_text.h"

#include <cstdlib>

#include <fmt/format.h>

namespace superd::daemon {
namespace {

using Kind = core::RollStep::Kind;

// `new process 812`, or without a number where it has none.
std::string process(const core::RollStep& step) {
  return step.pid == 0 ? "the new process" : fmt::format("new process {}", step.pid);
}

std::string with_reason(const std::string& what, const std::string& why) {
  return why.empty() ? what : what + ": " + why;
}

std::string workers(int count) {
  return count == 1 ? "1 worker" : fmt::format("{} workers", count);
}

}  // namespace

const char* name(Kind kind) {
  switch (kind) {
    case Kind::before:
      return "before";
    case Kind::before_done:
      return "before-done";
    case Kind::rehearsing:
      return "rehearsing";
    case Kind::rehearsed:
      return "rehearsed";
    case Kind::starting:
      return "starting";
    case Kind::ready:
      return "ready";
    case Kind::gone:
      return "gone";
    case Kind::failed:
      return "failed";
    case Kind::withdrawn:
      return "withdrawn";
    case Kind::returning:
      return "returning";
    case Kind::returned:
      return "returned";
  }
  std::abort();
}

const char* name(core::RollResult result) {
  switch (result) {
    case core::RollResult::done:
      return "done";
    case core::RollResult::rolled_back:
      return "rolled-back";
    case core::RollResult::mixed:
      return "mixed";
    case core::RollResult::stopped:
      return "stopped";
  }
  std::abort();
}

std::string describe(const core::RollStep& step, RollCourse course) {
  switch (step.kind) {
    case Kind::before:
      return "roll.before runs";
    case Kind::before_done:
      return "roll.before exited with 0";
    case Kind::rehearsing:
      return "a process of the new recipe is rehearsed";
    case Kind::rehearsed:
      return "the rehearsal went well";
    case Kind::starting:
      return "a new process starts";
    case Kind::ready:
      return fmt::format("{} is ready, {} of {} replaced", process(step), course.replaced,
                         course.workers);
    case Kind::gone:
      return course.newest == RollCourse::Newest::failed ? "the new process is gone"
                                                         : "the process that it replaced is gone";
    case Kind::failed:
      return step.worker == 0 ? step.message : with_reason(process(step) + " failed", step.message);
    case Kind::withdrawn:
      return with_reason(process(step) + " was ended", step.message);
    case Kind::returning:
      return "goes back to the old recipe";
    case Kind::returned:
      return fmt::format("{} by the old recipe is ready", process(step));
  }
  std::abort();
}

std::string describe(const core::RollEnded& end, int returned, const std::string& before_failed) {
  switch (end.result) {
    case core::RollResult::done:
      return "";
    case core::RollResult::rolled_back:
      if (returned > 0) {
        return fmt::format("rolled back: {} went back to generation {}", workers(returned),
                           end.generation);
      }
      return fmt::format(
          "rolled back: {}the old recipe (generation {}) serves on; nothing was "
          "changed",
          before_failed.empty() ? "" : before_failed + "; ", end.generation);
    case core::RollResult::mixed:
      return end.message;
    case core::RollResult::stopped:
      return "stopped: " + end.message;
  }
  std::abort();
}

}  // namespace superd::daemon
