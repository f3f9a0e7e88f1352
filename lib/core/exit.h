#pragma once

#include <string>

#include "core/spec.h"

namespace superd::core {

// How a worker's main process ended.
struct Exit {
  enum class Kind {
    exited,     // value: its exit status
    signaled,   // value: the signal that ended it
    never_ran,  // no program was executed; reason says why
    unknown,    // it is gone and nobody could tell how
  };

  Kind kind = Kind::unknown;
  int value = 0;
  // never_ran: the stage and the errno in words, `chdir /srv/x: No such file or directory`.
  // signaled: who sent the signal, where that is known or probable; else empty.
  std::string reason;
  // never_ran: nothing was wrong with it; the machine lacked what may be there in a moment
  // (base/shortage.h).
  bool shortage = false;

  static Exit with_status(int status) {
    return {.kind = Kind::exited, .value = status, .reason = {}};
  }
  static Exit by_signal(int signal) {
    return {.kind = Kind::signaled, .value = signal, .reason = {}};
  }
  static Exit before_exec(std::string reason) {
    return {.kind = Kind::never_ran, .value = 0, .reason = std::move(reason)};
  }
  static Exit for_shortage(std::string reason) {
    return {.kind = Kind::never_ran, .value = 0, .reason = std::move(reason), .shortage = true};
  }

  friend bool operator==(const Exit&, const Exit&) = default;
};

// `exited with status 1`, `was killed by signal 9 (KILL)`, or the reason why it never ran.
std::string describe(const Exit& exit);
// Exit::reason of a process that the kernel has killed for want of memory: nobody is told, so that
// others may seem to be one now and then.
inline constexpr const char* kByOomKiller = "probably by the kernel's OOM killer";
// Whether the group's respawn.success lists it.
bool is_clean(const Exit& exit, const RespawnSpec& respawn);
// `1.5s`, `60s`: for messages of the core.
std::string in_words(Duration duration);

}  // namespace superd::core
