#include "daemon/event_history.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "base/text.h"
#include "journal/own_file.h"
#include "wire/json.h"

namespace superd::daemon {
namespace {

constexpr std::string_view kWhat = "history of events";
// Between two tries to write a file that could not be written: all of it is written then.
constexpr std::size_t kEventsATry = 200;

EventHistory::Entry entry_of(const wire::OccurrenceView& event, std::string line) {
  return {.id = event.id,
          .group = event.group.value_or(""),
          .worker = event.worker.value_or(""),
          .line = std::move(line)};
}

}  // namespace

EventHistory::EventHistory(std::string path, std::size_t most_bytes)
    : path_(std::move(path)), most_bytes_(most_bytes) {
  restore();
}

std::string EventHistory::path_beside(const std::string& journal) {
  constexpr std::string_view kJournal = "journal";
  const auto slash = journal.rfind('/');
  const std::size_t begin = slash == std::string::npos ? 0 : slash + 1;
  const std::string name = journal.substr(begin);
  if (!name.starts_with(kJournal)) return journal + ".events";
  return journal.substr(0, begin) + "events" + name.substr(kJournal.size());
}

void EventHistory::restore() {
  const Result<std::string> text = journal::read_own_file(path_, 4 * most_bytes_, kWhat);
  if (!text) {
    restored_ = tl::unexpected(text.error());
    return log::error("{}; beginning without it", text.error().message);
  }
  std::size_t bad = 0;
  for (std::string& line : split(*text, '\n')) {
    if (line.empty()) continue;
    const auto event = wire::from_text<wire::OccurrenceView>(line);
    if (!event || event->id <= last_id()) {
      ++bad;
      continue;
    }
    line += '\n';
    keep(entry_of(*event, std::move(line)));
  }
  if (bad > 0) log::warn("{} {}: {} of its lines were torn and are left out", kWhat, path_, bad);
}

void EventHistory::add(const wire::OccurrenceView& event) {
  std::string line = wire::to_text(event) + '\n';
  keep(entry_of(event, line));
  write(line);
}

std::vector<wire::OccurrenceView> EventHistory::story_of(const std::string& group,
                                                         const std::string& worker,
                                                         std::size_t most) const {
  constexpr std::size_t kMostOfSuperd = 4;
  std::size_t own = 0;
  std::size_t of_superd = 0;
  std::vector<wire::OccurrenceView> story;
  for (auto entry = entries_.rbegin(); entry != entries_.rend() && own < most; ++entry) {
    if (entry->group.empty()) {
      if (++of_superd > kMostOfSuperd) continue;
    } else if (entry->group != group || entry->worker != worker) {
      continue;
    } else {
      ++own;
    }
    if (auto event = wire::from_text<wire::OccurrenceView>(entry->line)) {
      story.push_back(std::move(*event));
    }
  }
  std::reverse(story.begin(), story.end());
  // What happened to superd before says nothing of this name.
  const auto begin = std::find_if(story.begin(), story.end(),
                                  [](const auto& event) { return event.group.has_value(); });
  story.erase(story.begin(), begin);
  return story;
}

EventHistory::Entries::const_iterator EventHistory::after(std::uint64_t id) const {
  return std::ranges::upper_bound(entries_, id, {}, &Entry::id);
}

void EventHistory::keep(Entry entry) {
  bytes_ += entry.line.size();
  entries_.push_back(std::move(entry));
  while (bytes_ > most_bytes_ && entries_.size() > 1) {
    bytes_ -= entries_.front().line.size();
    entries_.pop_front();
  }
}

void EventHistory::write(const std::string& line) {
  if (failing_ && ++unwritten_ % kEventsATry != 0) return;
  const bool fits = file_ && file_bytes_ + line.size() <= 2 * most_bytes_;
  note(fits ? append(line) : write_anew());
}

// A history in which nothing has happened has no file.
void EventHistory::look_after() {
  if (entries_.empty()) return;
  const bool removed = file_ && !journal::leads_to(path_, file_.get());
  if (removed) log::warn("the {} {} was gone: written anew", kWhat, path_);
  if (removed || failing_) note(write_anew());
}

Status EventHistory::append(const std::string& line) {
  file_bytes_ += line.size();
  return journal::write_all(file_.get(), line, kWhat, path_);
}

Status EventHistory::write_anew() {
  std::string all;
  all.reserve(bytes_);
  for (const Entry& entry : entries_) all += entry.line;
  Result<UniqueFd> file = journal::replace_file(path_, all, kWhat);
  if (!file) return tl::unexpected(file.error());
  file_ = std::move(*file);
  file_bytes_ = all.size();
  return {};
}

void EventHistory::note(const Status& written) {
  if (!written) {
    // What is in the file may be torn.
    file_.reset();
    if (!failing_) {
      log::error("{}: superd goes on, but would not know of these events after a crash",
                 written.error().message);
    }
  } else if (failing_) {
    log::info("the {} {} is written again", kWhat, path_);
  }
  failing_ = !written;
  if (!failing_) unwritten_ = 0;
}

}  // namespace superd::daemon
