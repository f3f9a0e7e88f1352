#include "logs/conversation.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "logs/read_on.h"
#include "logs/reader.h"

namespace superd::logs {
namespace {

// Tells whether the files of a log kept their names while they were read.
struct Quiet {
  static constexpr int kTries = 10;

  std::shared_ptr<const RotatingFile::Turns> turns = nullptr;

  // Reads again where they did not; false: they never did.
  bool during(const std::function<void()>& read) const {
    for (int i = 0; i < kTries; ++i) {
      const std::uint32_t before = turns ? turns->load() : 0;
      read();
      if (before % 2 == 0 && (!turns || turns->load() == before)) return true;
    }
    return false;
  }
};

std::vector<Line> last_lines(const Read& read, const std::vector<Quiet>& quiet,
                             PackedTexts& texts) {
  const std::size_t share =
      std::max(Conversation::kMaxReadBytes / std::max<std::size_t>(read.sources.size(), 1),
               Conversation::kMinSourceBytes);
  const auto count = static_cast<std::size_t>(std::clamp(read.lines, 0, Conversation::kMaxLines));
  std::vector<std::vector<Line>> lines(read.sources.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    quiet[i].during(
        [&] { lines[i] = read_last_lines(read.sources[i], read.only, count, share, texts); });
  }
  return merged_by_time(std::move(lines));
}

std::vector<Line> lines_on(const Read& read, const std::vector<Quiet>& quiet, PackedTexts& texts) {
  const std::size_t share =
      std::max(Conversation::kMaxOnBytes / std::max<std::size_t>(read.sources.size(), 1),
               Conversation::kMinSourceBytes);
  std::vector<Place> begins(read.sources.size());
  std::vector<Run> runs(read.sources.size());
  for (std::size_t i = 0; i < runs.size(); ++i) {
    const Source& source = read.sources[i];
    const bool sure = quiet[i].during([&] {
      begins[i] = begin_of(source, read.only, texts);
      runs[i] = read_on(source, begins[i], read.only, share, texts);
    });
    // The next reading has more luck.
    if (!sure) runs[i] = Run{.end = begins[i], .more = true};
  }
  return merged_runs(read.sources, begins, std::move(runs));
}

}  // namespace

Conversation::Conversation(loop::Loop& loop, Recordings& recordings, Reply reply)
    : loop_(loop),
      recordings_(recordings),
      reply_(std::move(reply)),
      forget_(loop, [this] { forget_texts(); }) {}

void Conversation::on_message(std::string_view message, std::vector<UniqueFd>& fds) {
  Result<Request> request = decode_request(message);
  if (!request) {
    log::warn("a request of the supervisor is not understood: {}", request.error().message);
    return;
  }
  if (const Capture* capture = std::get_if<Capture>(&*request))
    return recordings_.start(*capture, std::move(fds));
  if (const Hello* hello = std::get_if<Hello>(&*request)) return handle(*hello);
  if (const StopMatching* stop = std::get_if<StopMatching>(&*request)) return handle(*stop);
  if (const Finish* finish = std::get_if<Finish>(&*request)) return handle(*finish);
  if (const Tail* tail = std::get_if<Tail>(&*request)) return handle(*tail);
  if (const Sync* sync = std::get_if<Sync>(&*request)) return handle(*sync);
  if (const Reopen* reopen = std::get_if<Reopen>(&*request)) return handle(*reopen);
  handle(std::get<Read>(std::move(*request)));
}

void Conversation::handle(const Hello& hello) {
  answer(Captures{.request = hello.request, .spawns = recordings_.spawns()});
}

void Conversation::handle(const StopMatching& stop) { recordings_.stop_matching(stop.spawn); }

void Conversation::handle(const Finish& finish) { recordings_.finish(finish.spawn); }

void Conversation::handle(const Tail& tail) {
  const auto count = static_cast<std::size_t>(std::clamp(tail.lines, 0, kMaxLines));
  answer(Lines{.request = tail.request, .lines = recordings_.last(tail.spawn, count)});
}

void Conversation::handle(Read read) {
  if (unfinished_ && unfinished_->request == read.request) {
    std::vector<Source>& sources = unfinished_->sources;
    sources.insert(sources.end(), std::make_move_iterator(read.sources.begin()),
                   std::make_move_iterator(read.sources.end()));
    read.sources = std::move(sources);
  }
  unfinished_.reset();
  if (read.sources.size() > kMaxSources) read.sources.resize(kMaxSources);
  if (read.more) {
    unfinished_ = std::move(read);
    return;
  }
  if (reads_.size() >= kMaxReads) return log::warn("too many questions wait for the log files");
  std::vector<Quiet> quiet;
  for (const Source& source : read.sources) {
    recordings_.drain_path(source.path);
    quiet.push_back({.turns = recordings_.turns(source.path)});
  }
  reads_.emplace_back([read = std::move(read), quiet = std::move(quiet), texts = texts_] {
    return Lines{.request = read.request,
                 .lines = read.kind == Read::Kind::on ? lines_on(read, quiet, *texts)
                                                      : last_lines(read, quiet, *texts)};
  });
  if (!reading_) read_next();
}

void Conversation::read_next() {
  reading_.reset();
  if (reads_.empty()) {
    if (!texts_->empty()) forget_.after(kTextsKept);
    return;
  }
  std::function<Lines()> job = std::move(reads_.front());
  reads_.pop_front();
  reading_.emplace(
      loop::Work::with_result<Lines>(loop_, std::move(job), [this](const Lines& lines) {
        answer(lines);
        read_next();
      }));
}

// A job that runs has them in hand.
void Conversation::forget_texts() {
  if (!reading_) texts_->clear();
}

std::function<void()> Conversation::later(RequestId request) {
  return [this, request, lives = std::weak_ptr<const bool>(lives_)] {
    if (!lives.expired()) answer(Lines{.request = request});
  };
}

void Conversation::handle(const Sync& sync) {
  recordings_.drain_all();
  recordings_.when_written(later(sync.request));
}

void Conversation::handle(const Reopen& reopen) {
  log::look_at_file();
  recordings_.reopen_files(later(reopen.request));
}

void Conversation::answer(const Answer& answer) {
  for (std::string& message : encode(answer)) reply_(std::move(message));
}

}  // namespace superd::logs
