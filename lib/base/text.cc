#include "base/text.h"

#include <algorithm>
#include <cstddef>

#include <fmt/format.h>

namespace superd {
namespace {

constexpr std::size_t kLongestQuoted = 100;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = lower(c);
  return result;
}

// Edits (insert, delete, replace, swap of neighbours) between two words.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) d[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) d[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = d[i - 1][j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
      }
    }
  }
  return d[a.size()][b.size()];
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// Reads one word of a command line from `at`, which is moved behind it.
class WordReader {
 public:
  explicit WordReader(std::string_view text) : text_(text) {}

  bool skip_blanks() {
    while (at_ < text_.size() && is_blank(text_[at_])) ++at_;
    return at_ < text_.size();
  }

  Result<std::string> word() {
    std::string word;
    while (at_ < text_.size() && !is_blank(text_[at_])) {
      if (Status part = take_part(word); !part) return tl::unexpected(part.error());
    }
    return word;
  }

 private:
  Status take_part(std::string& word) {
    const char c = text_[at_++];
    if (c == '\'') return take_quoted(word, '\'');
    if (c == '"') return take_quoted(word, '"');
    if (c != '\\') {
      word += c;
      return {};
    }
    if (at_ == text_.size()) return fail("a backslash ends the command: write it twice");
    // A shell joins lines here.
    if (text_[at_] != '\n') word += text_[at_];
    ++at_;
    return {};
  }

  Status take_quoted(std::string& word, char quote) {
    while (at_ < text_.size()) {
      const char c = text_[at_++];
      if (c == quote) return {};
      if (c == '\\' && quote == '"' && at_ < text_.size()) {
        const char next = text_[at_++];
        if (std::string_view("\"\\$`\n").find(next) == std::string_view::npos) word += '\\';
        if (next != '\n') word += next;
        continue;
      }
      word += c;
    }
    return fail(fmt::format("a quote ({}) is opened and never closed", quote));
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

std::optional<std::string> closest_match(std::string_view word,
                                         std::span<const std::string> candidates) {
  // A word as long as this is no slip of the hand, and the table would be huge.
  if (word.empty() || word.size() > 64) return std::nullopt;
  const std::string wanted = lower(word);
  std::optional<std::string> best;
  std::size_t best_distance = 0;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > 64) continue;
    // One edit for a short word, two from six letters on, three from ten: what takes more is
    // another word.
    const std::size_t longer = std::max(candidate.size(), wanted.size());
    const std::size_t limit = longer <= 2 ? 0 : longer <= 5 ? 1 : longer < 10 ? 2 : 3;
    const std::size_t shorter = std::min(candidate.size(), wanted.size());
    if (longer - shorter > limit) continue;
    const std::size_t found = distance(wanted, lower(candidate));
    if (found <= limit && (!best || found < best_distance)) {
      best = candidate;
      best_distance = found;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  const auto match = closest_match(word, candidates);
  return match ? fmt::format(", did you mean {}?", quoted(*match)) : std::string();
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

std::string join(std::span<const std::string> parts, std::string_view separator) {
  std::string result;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) result += separator;
    result += parts[i];
  }
  return result;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

Result<std::vector<std::string>> split_words(std::string_view text) {
  std::vector<std::string> words;
  WordReader reader(text);
  while (reader.skip_blanks()) {
    auto word = reader.word();
    if (!word) return tl::unexpected(word.error());
    words.push_back(std::move(*word));
  }
  return words;
}

bool glob_match(std::string_view pattern, std::string_view text) {
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;  // the last `*` seen, and the text it began at
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool is_glob(std::string_view text) { return text.find_first_of("*?") != std::string_view::npos; }

std::string printable(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else if (byte < 0x20 || byte == 0x7F) {
      result += fmt::format("\\x{:02x}", byte);
    } else {
      result += c;
    }
  }
  return result;
}

std::string quoted(std::string_view text) {
  // Never cut within a UTF-8 sequence.
  std::size_t length = std::min(text.size(), kLongestQuoted);
  while (length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) {
    ++length;
  }
  std::string escaped;
  for (const char c : text.substr(0, length)) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return fmt::format("\"{}{}\"", printable(escaped), length < text.size() ? "…" : "");
}

}  // namespace superd
