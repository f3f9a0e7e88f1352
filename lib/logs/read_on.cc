#include "logs/read_on.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>
#include <string>
#include <utility>

#include "base/time_text.h"
#include "logs/line_format.h"
#include "logs/reader.h"
#include "logs/source_files.h"

namespace superd::logs {
namespace {

// ---- where to begin

// Behind the newline that is `wanted` wanted lines before the end; `wanted` loses those that this
// file has. Nothing: all of the file is wanted, and perhaps more.
std::optional<std::uint64_t> begin_of_last(const OpenFile& file, const Source& source, Stream only,
                                           int& wanted) {
  constexpr std::size_t kBlock = std::size_t{64} * 1024;
  constexpr std::size_t kMostBlock = std::size_t{4} << 20;
  const auto is_wanted = [&](std::string_view text) {
    std::string storage;
    const auto line = parse_line(text, source.format, storage);
    return !line || (line->piece == Piece::full && is_of(line->stream, only));
  };
  std::uint64_t end = file.size;  // of what is not counted yet
  std::size_t block = kBlock;
  while (end > 0) {
    const std::uint64_t begin = end > block ? end - block : 0;
    std::string bytes = read_at(file, begin, end - begin);
    if (bytes.size() < end - begin) return file.size;
    // What has no newline yet is no line.
    const std::size_t last = bytes.rfind('\n');
    if (last == std::string::npos ||
        (begin > 0 && bytes.rfind('\n', last - 1) == std::string::npos)) {
      if (begin == 0) return std::nullopt;
      if (block >= kMostBlock) return begin;
      block *= 2;
      continue;
    }
    std::size_t line_end = last;
    while (true) {
      const std::size_t before =
          line_end == 0 ? std::string::npos : bytes.rfind('\n', line_end - 1);
      if (before == std::string::npos && begin > 0) break;
      const std::size_t from = before == std::string::npos ? 0 : before + 1;
      if (is_wanted(std::string_view(bytes).substr(from, line_end - from))) {
        if (wanted == 0) return begin + line_end + 1;
        --wanted;
      }
      if (before == std::string::npos) return std::nullopt;
      line_end = before;
    }
    end = begin + line_end + 1;
    block = kBlock;
  }
  return std::nullopt;
}

Place begin(const LastLines& from, const Source& source, Stream only, PackedTexts& texts) {
  int wanted = std::max(from.lines, 0);
  Place place;
  (void)find_file(source, [&](OpenFile& file) {
    unpack(file, source, texts);
    const auto offset = begin_of_last(file, source, only, wanted);
    place = {.file = file.id, .offset = offset.value_or(0)};
    return offset.has_value();
  });
  return place;
}

// Of the first line behind the offset that has one; empty: none has.
std::string first_time(const OpenFile& file, const Source& source, std::uint64_t offset) {
  constexpr std::size_t kLook = std::size_t{64} * 1024;
  const std::string bytes = read_at(file, offset, kLook);
  std::string_view rest = bytes;
  for (bool whole = offset == 0; !rest.empty(); whole = true) {
    const std::string_view text = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), text.size() + 1));
    if (!whole) continue;
    std::string storage;
    if (const auto line = parse_line(text, source.format, storage)) return std::string(line->time);
  }
  return {};
}

// An offset before which every line is earlier, which need not be the begin of a line.
std::uint64_t offset_before(const OpenFile& file, const Source& source, const std::string& time) {
  constexpr std::uint64_t kNear = std::uint64_t{64} * 1024;
  std::uint64_t low = 0;
  std::uint64_t high = file.size;
  while (high - low > kNear) {
    const std::uint64_t middle = low + (high - low) / 2;
    const std::string there = first_time(file, source, middle);
    (there.empty() || there >= time ? high : low) = middle;
  }
  return low;
}

std::uint64_t begin_of_line(const OpenFile& file, std::uint64_t offset) {
  if (offset == 0) return 0;
  const std::string bytes = read_at(file, offset - 1, kMostHeld);
  const std::size_t newline = bytes.find('\n');
  return newline == std::string::npos ? offset : offset + newline;
}

Place begin(const SinceTime& from, const Source& source, Stream, PackedTexts& texts) {
  Place place;
  const auto time = parse_time(from.time);
  (void)find_file(source, [&](OpenFile& file) {
    // A file that was written for the last time before has nothing; its date tells whole seconds.
    if (time && file.changed + std::chrono::seconds(1) < *time) {
      if (place.file == 0) place = {.file = file.id, .offset = file.size};
      return true;
    }
    unpack(file, source, texts);
    const std::uint64_t offset = offset_before(file, source, from.time);
    place = {.file = file.id, .offset = begin_of_line(file, offset)};
    const std::string first = first_time(file, source, 0);
    return !first.empty() && first < from.time;
  });
  return place;
}

Place begin(const Place& from, const Source&, Stream, PackedTexts&) { return from; }

// ---- reading on

// Puts the lines of files together to those of the worker.
class Joiner {
 public:
  Joiner(const Source& source, Stream only, Run& run) : source_(source), only_(only), run_(run) {}

  void take(std::string_view text, Place behind) {
    std::string storage;
    const std::optional<CriLine> cri = parse_line(text, source_.format, storage);
    if (!cri) {
      run_.lines.push_back(
          {.worker = source_.worker, .text = std::string(text.substr(0, kMaxLineText))});
      return settle(behind);
    }
    std::optional<Line>& open = open_.at(cri->stream == Stream::out ? 0 : 1);
    if (!open) {
      open = Line{.worker = source_.worker,
                  .time = std::string(cri->time),
                  .stream = cri->stream,
                  .text = {}};
    }
    open->text += cri->text.substr(0, kMaxLineText - open->text.size());
    if (cri->piece == Piece::full) close(open);
    settle(behind);
  }

  // Lines behind the last place are not whole, or another one around them is not.
  void hold_back() { run_.lines.resize(settled_); }
  [[nodiscard]] bool got_on() const { return got_on_; }
  // Takes what is open for whole.
  void force(Place behind) {
    for (std::optional<Line>& open : open_) {
      if (open) close(open);
    }
    settle(behind);
  }

 private:
  void close(std::optional<Line>& open) {
    if (is_of(open->stream, only_)) run_.lines.push_back(std::move(*open));
    open.reset();
  }
  void settle(Place behind) {
    if (open_[0] || open_[1]) return;
    if (run_.lines.size() > settled_) run_.lines.back().place = behind;
    settled_ = run_.lines.size();
    run_.end = behind;
    got_on_ = true;
  }

  const Source& source_;
  Stream only_;
  Run& run_;
  std::array<std::optional<Line>, 2> open_;
  std::size_t settled_ = 0;
  bool got_on_ = false;
};

// Takes the whole lines of `bytes`, which begin at the place; of a file that is written no more
// also what has no newline. Answers how far it came.
std::uint64_t take_lines(Joiner& joiner, std::string_view bytes, Place place, bool final_bytes) {
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    if (newline == std::string_view::npos && !final_bytes) break;
    const std::string_view text = bytes.substr(0, newline);
    const std::size_t size = std::min(bytes.size(), text.size() + 1);
    bytes.remove_prefix(size);
    place.offset += size;
    joiner.take(text, place);
  }
  return place.offset;
}

std::optional<OpenFile> file_at(const Source& source, Place& place, bool& missed,
                                PackedTexts& texts) {
  if (place.file != 0) {
    auto file = find_file(source, [&](const OpenFile& other) { return is_at(other, place); });
    if (file) {
      unpack(*file, source, texts);
      place.file = file->id;
      // It was made shorter from outside.
      if (place.offset > file->size) place.offset = 0;
      return file;
    }
    missed = true;
  }
  std::optional<OpenFile> file = oldest_file(source);
  if (!file) {
    missed = false;
    return file;
  }
  unpack(*file, source, texts);
  place = {.file = file->id, .offset = 0};
  return file;
}

// One pass with so many bytes at most.
Run read_pass(const Source& source, Place place, Stream only, std::size_t max_bytes,
              PackedTexts& texts) {
  Run run{.end = place};
  Joiner joiner(source, only, run);
  std::optional<OpenFile> file = file_at(source, place, run.missed, texts);
  if (file) run.end = place;
  if (run.missed) run.oldest = place;
  while (file) {
    const std::string bytes = read_at(*file, place.offset, max_bytes);
    const bool whole = place.offset + bytes.size() >= file->size;
    const std::uint64_t begun = place.offset;
    place.offset = take_lines(joiner, bytes, place, whole && file->number > 0);
    max_bytes -= std::min(max_bytes, bytes.size());
    run.more = !whole || (file->number > 0 && max_bytes == 0);
    if (run.more && !joiner.got_on() && bytes.size() >= kMostHeld) {
      const bool endless = place.offset == begun;
      if (endless) place.offset += bytes.size();
      if (endless) joiner.take(bytes, place);
      joiner.force(place);
    }
    if (!whole || file->number == 0 || max_bytes == 0) break;
    file = open_file(source, file->number - 1);
    if (!file) break;
    unpack(*file, source, texts);
    place = {.file = file->id, .offset = 0};
  }
  joiner.hold_back();
  return run;
}

}  // namespace

Place begin_of(const Source& source, Stream only, PackedTexts& texts) {
  return std::visit([&](const auto& from) { return begin(from, source, only, texts); },
                    source.from);
}

Run read_on(const Source& source, Place place, Stream only, std::size_t max_bytes,
            PackedTexts& texts) {
  // A line that is longer than that gets more room, once.
  Run run = read_pass(source, place, only, max_bytes, texts);
  if (run.more && run.end == place && max_bytes < kMostHeld)
    return read_pass(source, place, only, kMostHeld, texts);
  return run;
}

namespace {

// The last time up to which all sources have told what they have; nothing: there is no limit.
std::optional<std::string> common_end(const std::vector<Run>& runs) {
  std::optional<std::string> end;
  for (const Run& run : runs) {
    if (!run.more || run.lines.empty()) continue;
    std::string last;
    for (const Line& line : run.lines) last = std::max(last, line.time);
    if (!last.empty() && (!end || last < *end)) end = last;
  }
  return end;
}

void cut(Run& run, const std::string& end, Place begin) {
  const std::size_t all = run.lines.size();
  while (!run.lines.empty() && run.lines.back().time > end) run.lines.pop_back();
  if (run.lines.size() == all) return;
  while (!run.lines.empty() && !run.lines.back().place) run.lines.pop_back();
  run.more = true;
  run.end = run.lines.empty() ? begin : *run.lines.back().place;
}

}  // namespace

std::vector<Line> merged_runs(const std::vector<Source>& sources, const std::vector<Place>& begins,
                              std::vector<Run> runs) {
  const std::optional<std::string> end = common_end(runs);
  std::vector<Line> notes;
  std::vector<std::vector<Line>> lines;
  std::vector<Line> all;
  for (std::size_t i = 0; i < runs.size(); ++i) {
    // Where lines were missed, that is told once.
    if (end) cut(runs[i], *end, runs[i].missed ? runs[i].oldest : begins[i]);
    if (runs[i].missed) all.push_back({.worker = sources[i].worker, .note = Note::missed});
    notes.push_back({.worker = sources[i].worker,
                     .place = runs[i].end,
                     .note = runs[i].more ? Note::more : Note::reached});
    lines.push_back(std::move(runs[i].lines));
  }
  for (Line& line : merged_by_time(std::move(lines))) all.push_back(std::move(line));
  for (Line& note : notes) all.push_back(std::move(note));
  return all;
}

}  // namespace superd::logs
