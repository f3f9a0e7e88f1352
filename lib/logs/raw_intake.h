#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/unique_fd.h"
#include "logs/glance.h"

namespace superd::logs {

// How bytes of format raw come out of a worker's pipe: into the transit pipe, from which a job of
// FileWriter brings them to the file, both within the kernel; and of the last of them a copy, for
// the tail. Two steps, because a splice has its pipe locked as long as the disk takes: the worker's
// never.
//
// The loop takes what comes now and then. Of a worker that writes without end the job takes more as
// soon as it has written what there was, and no byte waits until one thread has woken the other:
// both may call all of this, in turns.
class RawIntake {
 public:
  // In turns as well: one for all intakes.
  struct SharedGlance {
    std::mutex mutex;
    Glance glance;
  };
  struct Seen {
    std::string text;
    bool behind_unseen = false;  // others came before it, since the last Seen, that nobody saw
  };

  RawIntake(std::shared_ptr<const UniqueFd> pipe, UniqueFd transit,
            std::shared_ptr<SharedGlance> glance);

  // To be emptied by one job at a time. Nobody else touches it meanwhile: who does hangs where the
  // disk does.
  [[nodiscard]] int transit() const { return transit_.get(); }
  [[nodiscard]] int pipe() const { return pipe_->get(); }

  // From here on every byte is seen, and none taken by take_more(); otherwise what the tail can
  // need.
  void see_all(bool all);
  // At most `most` bytes out of the pipe, as ::read() has it; EAGAIN also for a shortage.
  ssize_t take(std::size_t most);
  // The same, and they are lost.
  ssize_t lose(std::size_t most);
  // The job's: where much is in the pipe again. False: the loop will see to it.
  bool take_more();
  // From here on take_more() takes nothing.
  void stop();

  // Sees what an earlier process has taken and not written: how much that is.
  std::size_t look_at_transit();
  // Sees, and leaves where it is, all that is in the pipe: how much that is.
  std::size_t look_at_pipe();
  // What was seen since it was asked last.
  Seen collect();

 private:
  enum class To : std::uint8_t { transit, nowhere };

  ssize_t move(To where, std::size_t most) const;
  ssize_t pass(To where, std::size_t most);
  std::size_t look_at(int pipe);
  // How many; nothing: they cannot be seen.
  std::optional<ssize_t> copy(int pipe, std::size_t most, std::string& text);
  void add(std::string_view text, bool behind_unseen);

  std::shared_ptr<const UniqueFd> pipe_;
  UniqueFd transit_;
  std::shared_ptr<SharedGlance> glance_;
  std::size_t much_;  // bytes that are worth the job's while
  // Under the glance's lock, which is held for no more than a copy within memory.
  Seen seen_;
  bool see_all_ = false;
  bool stopped_ = false;
};

}  // namespace superd::logs
