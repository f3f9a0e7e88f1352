#include "logs/file_writer.h"

#include <algorithm>
#include <utility>

#include "os/splice.h"

namespace superd::logs {
namespace {

// Between two tries to write what the disk had no room for.
constexpr auto kRetryEvery = std::chrono::milliseconds(200);
// The loop waits for a job: long enough that few of them are a fast disk's whole work.
constexpr auto kPassFor = std::chrono::milliseconds(4);
// Until a loss is told that nothing is written behind; longer each time that it cannot be.
constexpr loop::Duration kTellFirst = std::chrono::seconds(1);
constexpr loop::Duration kTellLast = std::chrono::seconds(60);
constexpr const char* kNobodyRead = "superd's logger was away";
constexpr const char* kTooSlow = "the disk did not answer";

}  // namespace

FileWriter::FileWriter(loop::Loop& loop, Patience& patience, std::string path,
                       RotatingFile::Limits limits, Options options)
    : loop_(loop),
      patience_(patience),
      options_(std::move(options)),
      limits_(limits),
      file_(std::make_shared<RotatingFile>(
          std::move(path), limits,
          RotatingFile::Options{.worker = options_.worker, .counter = options_.counter})),
      turns_(file_->turns()),
      late_timer_(loop,
                  [this] {
                    late_ = true;
                    tell_change();
                  }),
      retry_(loop,
             [this] {
               go_on();
               if (ready()) tell_change();
             }),
      tell_(loop, [this] { settle(format_, wall_clock()); }),
      tell_after_(kTellFirst) {}

void FileWriter::set_limits(RotatingFile::Limits limits) {
  if (std::exchange(limits_, limits) == limits) return;
  add({.job = [limits](RotatingFile& file, RotatingFile::Rest) {
    file.set_limits(limits);
    return true;
  }});
}

void FileWriter::set_rest(RotatingFile::Rest rest) {
  rest_ = rest;
  if (rest == RotatingFile::Rest::keep || !retry_.armed()) return;
  // What was kept is dropped now.
  retry_.cancel();
  go_on();
  if (ready()) tell_change();
}

void FileWriter::write(std::string_view block, std::shared_ptr<const void> owner,
                       core::LogFormat format, Stamp now) {
  if (block.empty()) return;
  if (!takes(block.size())) return lose(block.size(), format);
  format_ = format;
  // A retry goes on behind what was written.
  auto rest = std::make_shared<std::string_view>(block);
  add({.job =
           [rest, owner = std::move(owner), format, now](RotatingFile& file,
                                                         RotatingFile::Rest policy) {
             rest->remove_prefix(file.write(*rest, format, now, policy));
             return rest->empty();
           },
       .bytes = block.size()});
}

void FileWriter::lose(std::size_t bytes, core::LogFormat format) {
  format_ = format;
  lost_ += bytes;
  if (tasks_.empty()) tell_lost();
}

void FileWriter::lose_unread(std::size_t bytes, core::LogFormat format) {
  format_ = format;
  add({.job = [bytes, format](RotatingFile& file, RotatingFile::Rest) {
    file.lose(bytes, kNobodyRead);
    file.settle(format, wall_clock());
    return true;
  }});
}

void FileWriter::pass(std::shared_ptr<RawIntake> intake, Stamp now) {
  format_ = core::LogFormat::raw;
  add({.job = [intake = std::move(intake), now](RotatingFile& file, RotatingFile::Rest policy) {
    const loop::TimePoint end = loop::now() + kPassFor;
    do {
      if (!file.pass(intake->transit(), now, policy)) return false;
    } while (loop::now() < end && intake->take_more());
    return true;
  }});
}

void FileWriter::pass_rest(std::shared_ptr<RawIntake> intake, std::size_t bytes, Stamp now) {
  format_ = core::LogFormat::raw;
  auto left = std::make_shared<std::size_t>(bytes);
  add({.job =
           [intake = std::move(intake), left, now](RotatingFile& file, RotatingFile::Rest policy) {
             while (file.pass(intake->transit(), now, policy)) {
               const ssize_t count = os::splice(intake->pipe(), intake->transit(), *left);
               if (count <= 0) return true;
               *left -= static_cast<std::size_t>(count);
             }
             return false;
           },
       .bytes = bytes});
}

void FileWriter::prepare(Stamp now) {
  add({.job = [now](RotatingFile& file, RotatingFile::Rest) {
    file.prepare(now);
    return true;
  }});
}

void FileWriter::reopen(Stamp now, std::function<void()> done) {
  add({.job =
           [now](RotatingFile& file, RotatingFile::Rest) {
             file.reopen(now);
             return true;
           },
       .done = std::move(done)});
}

void FileWriter::settle(core::LogFormat format, Stamp now) {
  if (forgettable()) return;
  add({.job = [format, now](RotatingFile& file, RotatingFile::Rest) {
    file.settle(format, now);
    return true;
  }});
}

void FileWriter::run(std::function<void()> job, std::function<void()> done) {
  add({.job =
           [job = std::move(job)](RotatingFile&, RotatingFile::Rest) {
             job();
             return true;
           },
       .done = std::move(done)});
}

bool FileWriter::forgettable() const { return ready() && file_->untold_loss() == 0; }

void FileWriter::on_change(const void* who, std::function<void()> callback) {
  if (callback) {
    on_change_.insert_or_assign(who, std::move(callback));
  } else {
    on_change_.erase(who);
  }
}

void FileWriter::tell_change() {
  // A callback may bring new ones and take some away.
  const auto callbacks = on_change_;
  for (const auto& [who, callback] : callbacks) {
    if (on_change_.contains(who)) callback();
  }
}

void FileWriter::add(Task task) {
  waiting_ += task.bytes;
  tasks_.push_back(std::move(task));
  if (tasks_.size() == 1) go_on();
}

void FileWriter::go_on() {
  if (going_on_) return;
  going_on_ = true;
  while (!tasks_.empty() && !retry_.armed()) {
    work_.emplace(loop::Work::with_result<bool>(
        loop_, [file = file_, job = tasks_.front().job, rest = rest_] { return job(*file, rest); },
        [this](bool whole) {
          const bool waited_for = std::exchange(going_on_, true);
          ended(whole);
          if (waited_for) return;
          going_on_ = false;
          go_on();
          if (ready()) tell_change();
        }));
    const loop::TimePoint begin = loop::now();
    const bool in_time = work_->wait(patience_.left(begin));
    patience_.spend(loop::now() - begin);
    if (!in_time) {
      late_timer_.after(kLate);
      break;
    }
  }
  going_on_ = false;
}

void FileWriter::ended(bool whole) {
  late_timer_.cancel();
  late_ = false;
  if (!whole) return retry_.after(kRetryEvery);
  const Task task = std::move(tasks_.front());
  tasks_.pop_front();
  waiting_ -= task.bytes;
  if (lost_ > 0) tell_lost();
  if (std::exchange(rotated_, turns_->load()) != rotated_ && options_.on_rotated)
    options_.on_rotated();
  if (task.done) task.done();
  if (tasks_.empty()) tell_loss_later();
  if (tasks_.empty() && options_.on_idle) options_.on_idle();
}

// The disk has room again some time, and the worker may have nothing to say then.
void FileWriter::tell_loss_later() {
  if (forgettable()) {
    tell_after_ = kTellFirst;
    return tell_.cancel();
  }
  if (tell_.armed()) return;
  tell_.after(tell_after_);
  tell_after_ = std::min(tell_after_ * 2, kTellLast);
}

void FileWriter::tell_lost() {
  add({.job = [lost = std::exchange(lost_, 0), format = format_](RotatingFile& file,
                                                                 RotatingFile::Rest) {
    file.lose(lost, kTooSlow);
    file.settle(format, wall_clock());
    return true;
  }});
}

}  // namespace superd::logs
