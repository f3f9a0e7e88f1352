#include "logs/conversation.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/log.h"
#include "logs/read_on.h"
#include "logs/reader.h"

namespace superd::logs {

Conversation::Conversation(Recordings& recordings, Reply reply)
    : recordings_(recordings), reply_(std::move(reply)) {}

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
  if (read.kind == Read::Kind::on) return answer_on(read);
  const std::size_t share =
      std::max(kMaxReadBytes / std::max<std::size_t>(read.sources.size(), 1), kMinSourceBytes);
  const auto count = static_cast<std::size_t>(std::clamp(read.lines, 0, kMaxLines));
  std::vector<std::vector<Line>> lines;
  for (const Source& source : read.sources) {
    recordings_.drain_path(source.path);
    lines.push_back(read_last_lines(source, read.only, count, share));
  }
  answer(Lines{.request = read.request, .lines = merged_by_time(std::move(lines))});
}

void Conversation::answer_on(const Read& read) {
  const std::size_t share =
      std::max(kMaxOnBytes / std::max<std::size_t>(read.sources.size(), 1), kMinSourceBytes);
  std::vector<Place> begins;
  std::vector<Run> runs;
  for (const Source& source : read.sources) {
    recordings_.drain_path(source.path);
    begins.push_back(begin_of(source, read.only));
    runs.push_back(read_on(source, begins.back(), read.only, share));
  }
  answer(
      Lines{.request = read.request, .lines = merged_runs(read.sources, begins, std::move(runs))});
}

void Conversation::handle(const Sync& sync) {
  recordings_.drain_all();
  answer(Lines{.request = sync.request});
}

void Conversation::handle(const Reopen& reopen) {
  recordings_.reopen_files();
  answer(Lines{.request = reopen.request});
}

void Conversation::answer(const Answer& answer) {
  for (std::string& message : encode(answer)) reply_(std::move(message));
}

}  // namespace superd::logs
