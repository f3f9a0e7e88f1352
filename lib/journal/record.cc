#include "journal/record.h"

#include <charconv>
#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <zlib.h>

namespace superd::journal {
namespace {

constexpr std::string_view kMagic = "superd-journal ";
constexpr std::size_t kCheckDigits = 8;
// No key has a space.
constexpr std::string_view kCommit = "commit mark";

std::uint32_t check_of(std::string_view body) {
  return static_cast<std::uint32_t>(
      ::crc32_z(0, reinterpret_cast<const Bytef*>(body.data()), body.size()));
}

std::string line_of(std::string_view body) {
  return fmt::format("{:08x} {} {}\n", check_of(body), body.size(), body);
}

template <class Number>
std::optional<Number> parse(std::string_view digits, int base) {
  Number number{};
  const char* end = digits.data() + digits.size();
  const auto [rest, error] = std::from_chars(digits.data(), end, number, base);
  if (error != std::errc() || rest != end || digits.empty()) return std::nullopt;
  return number;
}

// The body of a line that is whole; nothing: it is not.
std::optional<std::string_view> body_of(std::string_view line) {
  if (line.size() < kCheckDigits + 3 || line[kCheckDigits] != ' ') return std::nullopt;
  const auto check = parse<std::uint32_t>(line.substr(0, kCheckDigits), 16);
  line.remove_prefix(kCheckDigits + 1);
  const std::size_t space = line.find(' ');
  if (!check || space == std::string_view::npos) return std::nullopt;
  const auto length = parse<std::size_t>(line.substr(0, space), 10);
  const std::string_view body = line.substr(space + 1);
  if (!length || *length != body.size() || check_of(body) != *check) return std::nullopt;
  return body;
}

struct Record {
  bool drops = false;
  std::string_view key;
  std::string_view value;
};

std::optional<Record> parse_record(std::string_view body) {
  if (body.size() < 2) return std::nullopt;
  const char kind = body.front();
  body.remove_prefix(1);
  if (kind == '-') return Record{.drops = true, .key = body, .value = {}};
  const std::size_t space = body.find(' ');
  if (kind != '+' || space == std::string_view::npos || space == 0) return std::nullopt;
  return Record{.drops = false, .key = body.substr(0, space), .value = body.substr(space + 1)};
}

bool is_commit(const Record& record) { return record.drops && record.key == kCommit; }

// The lines after the head.
class Lines {
 public:
  explicit Lines(Content& content) : content_(content) {}

  void take(std::string_view line, bool torn, std::size_t bytes) {
    uncommitted_bytes_ += bytes;
    const auto body = torn ? std::nullopt : body_of(line);
    const auto record = body ? parse_record(*body) : std::nullopt;
    if (!record) {
      ++bad_lines_;
      bad_bytes_ += line.size();
    } else if (is_commit(*record)) {
      has_marks_ = true;
      commit();
    } else {
      records_.push_back(*record);
    }
  }

  void end() {
    if (has_marks_) {
      content_.unfinished_bytes = uncommitted_bytes_;
    } else {
      commit();
    }
  }

 private:
  void commit() {
    for (const Record& record : std::exchange(records_, {})) apply(record);
    content_.bad_lines += std::exchange(bad_lines_, 0);
    content_.bad_bytes += std::exchange(bad_bytes_, 0);
    uncommitted_bytes_ = 0;
  }

  void apply(const Record& record) {
    if (record.drops) {
      content_.values.erase(std::string(record.key));
    } else {
      content_.values[std::string(record.key)] = record.value;
    }
  }

  Content& content_;
  std::vector<Record> records_;  // since the last mark
  std::size_t bad_lines_ = 0;
  std::size_t bad_bytes_ = 0;
  std::size_t uncommitted_bytes_ = 0;
  bool has_marks_ = false;
};

}  // namespace

std::string encode(const Head& head) {
  return fmt::format("{}{} {}\n", kMagic, head.format, head.boot_id);
}

std::optional<Head> decode_head(std::string_view line) {
  if (!line.starts_with(kMagic)) return std::nullopt;
  line.remove_prefix(kMagic.size());
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  const auto format = parse<int>(line.substr(0, space), 10);
  if (!format) return std::nullopt;
  return Head{.format = *format, .boot_id = std::string(line.substr(space + 1))};
}

std::string encode_put(std::string_view key, std::string_view value) {
  return line_of(fmt::format("+{} {}", key, value));
}

std::string encode_drop(std::string_view key) { return line_of(fmt::format("-{}", key)); }

std::string encode_commit() { return encode_drop(kCommit); }

Content decode(std::string_view bytes) {
  Content content;
  content.bytes = bytes.size();
  Lines lines(content);
  bool first = true;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const bool torn = end == std::string_view::npos;
    const std::string_view line = bytes.substr(0, end);
    bytes.remove_prefix(torn ? bytes.size() : end + 1);
    if (first) {
      first = false;
      if (!torn) content.head = decode_head(line);
      if (!content.head || content.head->format != kFormat) return content;
      continue;
    }
    lines.take(line, torn, line.size() + (torn ? 0 : 1));
  }
  lines.end();
  return content;
}

}  // namespace superd::journal
