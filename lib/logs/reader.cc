#include "logs/reader.h"

#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <string>

#include "logs/line_format.h"
#include "logs/source_files.h"

namespace superd::logs {
namespace {

constexpr std::size_t kFirstLook = std::size_t{64} * 1024;

// Whether a line of the file ends a line of the worker that is wanted.
bool ends_line(std::string_view line, core::LogFormat format, Stream only) {
  std::string storage;
  const std::optional<CriLine> parsed = parse_line(line, format, storage);
  return !parsed || (parsed->piece == Piece::full && is_of(parsed->stream, only));
}

// Lines as they are in a file, oldest first.
struct FileLines {
  std::deque<std::string> lines;
  std::size_t ended = 0;  // of which this many end a line of the worker
  std::size_t bytes = 0;  // looked at
};

FileLines split_lines(std::string_view bytes, core::LogFormat format, Stream only) {
  FileLines found;
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    const std::string_view line = bytes.substr(0, newline);
    bytes.remove_prefix(newline == std::string_view::npos ? bytes.size() : newline + 1);
    if (ends_line(line, format, only)) ++found.ended;
    found.lines.emplace_back(line);
  }
  return found;
}

// Looks at more and more of the file's end until more than `wanted` lines end in it (the one before
// the first is what its first piece begins behind), or the file or the bytes are used up.
FileLines last_of_file(const OpenFile& file, core::LogFormat format, Stream only,
                       std::size_t wanted, std::size_t max_bytes) {
  for (std::size_t look = kFirstLook;; look *= 4) {
    look = std::min(look, max_bytes);
    const std::string bytes = read_at(file, file.size - std::min(look, file.size), look);
    std::string_view whole = bytes;
    // The first line has begun before, if there is another one.
    const std::size_t newline = bytes.find('\n');
    if (look < file.size && newline != std::string::npos) whole.remove_prefix(newline + 1);
    FileLines found = split_lines(whole, format, only);
    found.bytes = bytes.size();
    if (found.ended > wanted || look >= file.size || look >= max_bytes) return found;
  }
}

// Puts pieces together and cuts to the last `count`.
std::vector<Line> join(const std::deque<std::string>& file_lines, const Source& source, Stream only,
                       std::size_t count) {
  std::vector<Line> lines;
  // Where the open line of a stream is, whose next piece belongs to it.
  std::array<std::optional<std::size_t>, 2> open;
  for (const std::string& text : file_lines) {
    std::string storage;
    const std::optional<CriLine> cri = parse_line(text, source.format, storage);
    if (!cri) {
      lines.push_back({.worker = source.worker,
                       .time = {},
                       .stream = Stream::both,
                       .text = text.substr(0, kMaxLineText)});
      continue;
    }
    if (!is_of(cri->stream, only)) continue;
    std::optional<std::size_t>& at = open.at(cri->stream == Stream::out ? 0 : 1);
    if (!at) {
      at = lines.size();
      lines.push_back({.worker = source.worker,
                       .time = std::string(cri->time),
                       .stream = cri->stream,
                       .text = {}});
    }
    std::string& line = lines[*at].text;
    line += cri->text.substr(0, kMaxLineText - line.size());
    if (cri->piece == Piece::full) at.reset();
  }
  if (lines.size() > count) lines.erase(lines.begin(), lines.end() - static_cast<long>(count));
  return lines;
}

}  // namespace

std::vector<Line> read_last_lines(const Source& source, Stream only, std::size_t count,
                                  std::size_t max_bytes, PackedTexts& texts) {
  std::deque<std::string> all;
  std::size_t ended = 0;
  for (int number = 0; ended <= count && max_bytes > 0; ++number) {
    std::optional<OpenFile> file = open_file(source, number);
    if (!file) {
      // The live file is missing in the moment after a rotation, or because it was removed.
      if (number == 0) continue;
      break;
    }
    unpack(*file, source, texts);
    FileLines found = last_of_file(*file, source.format, only, count - ended, max_bytes);
    ended += found.ended;
    max_bytes -= std::min(max_bytes, found.bytes);
    all.insert(all.begin(), std::make_move_iterator(found.lines.begin()),
               std::make_move_iterator(found.lines.end()));
  }
  return join(all, source, only, count);
}

}  // namespace superd::logs
