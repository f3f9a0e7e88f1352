#include "happening_text.h"

#include <fmt/format.h>

#include "client/printable.h"

namespace superd::superctl {
namespace {

std::string process(const wire::OccurrenceView& event) {
  return event.pid ? fmt::format("process {}", *event.pid) : "its process";
}

std::string with(const std::string& what, const std::optional<std::string>& message) {
  return message ? what + ": " + *message : what;
}

std::string of_worker(const wire::OccurrenceView& event) {
  const std::string& kind = event.event;
  if (kind == "worker.spawned") {
    return fmt::format("{} was started, generation {}", process(event),
                       event.generation.value_or(0));
  }
  if (kind == "worker.ready") return process(event) + " " + event.message.value_or("is ready");
  if (kind == "worker.stopping") return with(process(event) + " was asked to leave", event.message);
  if (kind == "worker.exited") return process(event) + " " + event.message.value_or("ended");
  if (kind == "worker.killed") return with(process(event), event.message);
  if (kind == "worker.backoff") return "superd waits before it starts it again";
  if (kind == "worker.failed") return with("superd does not start it again", event.message);
  return with(kind, event.message);
}

std::string of_roll(const wire::OccurrenceView& event) {
  const std::string roll = fmt::format("roll {}", event.roll.value_or(0));
  if (event.event == "roll.started") {
    return fmt::format("{} began, makes generation {}", roll, event.generation.value_or(0));
  }
  if (event.event != "roll.step") {
    return with(fmt::format("{} ended, {}", roll, event.result.value_or("")), event.message);
  }
  for (const char* telling : {"failed", "withdrawn", "returning", "returned"}) {
    if (event.step == telling) return with(roll, event.message);
  }
  return "";
}

std::string sentence(const wire::OccurrenceView& event) {
  const std::string& kind = event.event;
  if (kind.starts_with("worker.")) return of_worker(event);
  if (kind.starts_with("roll.")) return of_roll(event);
  if (kind.starts_with("group.")) return "the group is " + kind.substr(6);
  if (kind == "trigger.fired") return "superd acts by itself";
  return "superd: " + event.message.value_or(kind);
}

}  // namespace

std::string happening_line(const wire::OccurrenceView& event, const UserName& user_name) {
  const std::string text = sentence(event);
  if (text.empty()) return "";
  const bool tells_cause = event.cause && event.cause != "exit";
  return client::printable(fmt::format(
             "    {}  {}{}", event.time, text,
             tells_cause ? fmt::format(" ({})", cause_text(*event.cause, user_name)) : "")) +
         '\n';
}

}  // namespace superd::superctl
