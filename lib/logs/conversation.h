#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"
#include "logs/packed_text.h"
#include "logs/protocol.h"
#include "logs/recordings.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "loop/work.h"

namespace superd::logs {

// The logger's side of one connection with a supervisor: does what each request asks for. What asks
// for files is answered when these are read, one request after the other in another thread, the
// rest at once. What it does not understand is logged and left out; so is a Read that comes while
// kMaxReads wait for a disk that hangs.
class Conversation {
 public:
  // Limits on what one request may ask for.
  static constexpr int kMaxLines = 10'000;
  static constexpr std::size_t kMaxSources = 20'000;
  static constexpr std::size_t kMaxReads = 100;
  // Of the files, for one Read; each source gets its share, but not less than a useful one.
  static constexpr std::size_t kMaxReadBytes = std::size_t{8} << 20;
  static constexpr std::size_t kMinSourceBytes = std::size_t{16} * 1024;

  // The same for one reading that goes on; a supervisor asks for more when it has passed that on.
  static constexpr std::size_t kMaxOnBytes = std::size_t{256} * 1024;

  // What is known of compressed files, after the last reading.
  static constexpr std::chrono::seconds kTextsKept{30};

  using Reply = std::function<void(std::string message)>;

  // `loop` and `recordings` outlive it; a read that hangs does too, and is answered by nobody.
  Conversation(loop::Loop& loop, Recordings& recordings, Reply reply);

  void on_message(std::string_view message, std::vector<UniqueFd>& fds);

 private:
  void handle(const Hello& hello);
  void handle(const StopMatching& stop);
  void handle(const Finish& finish);
  void handle(const Tail& tail);
  void handle(Read read);
  void handle(const Sync& sync);
  void handle(const Reopen& reopen);
  void answer(const Answer& answer);
  // Answers without lines, unless the conversation is over by then.
  std::function<void()> later(RequestId request);
  void read_next();
  void forget_texts();

  loop::Loop& loop_;
  Recordings& recordings_;
  Reply reply_;
  // A Read whose further sources are on their way.
  std::optional<Read> unfinished_;
  std::deque<std::function<Lines()>> reads_;
  std::optional<loop::Work> reading_;
  // Of the one job that runs, in its thread.
  std::shared_ptr<PackedTexts> texts_ = std::make_shared<PackedTexts>();
  loop::Timer forget_;
  std::shared_ptr<const bool> lives_ = std::make_shared<const bool>(true);
};

}  // namespace superd::logs
