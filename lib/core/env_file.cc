#include <cstddef>

#include <fmt/format.h>

#include "base/text.h"
#include "core/environment.h"

namespace superd::core {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

class EnvFileParser {
 public:
  explicit EnvFileParser(std::string_view text) : text_(text) {
    if (text_.substr(0, kByteOrderMark.size()) == kByteOrderMark) at_ = kByteOrderMark.size();
  }

  Result<std::vector<EnvEntry>> parse() {
    std::vector<EnvEntry> entries;
    for (skip(" \t\r\n"); at_ < text_.size(); skip(" \t\r\n")) {
      if (text_[at_] == '#') {
        rest_of_line();
        continue;
      }
      auto entry = assignment();
      if (!entry) {
        return fail(fmt::format("line {}: {}", line_, entry.error().message));
      }
      entries.push_back(std::move(*entry));
    }
    return entries;
  }

 private:
  Result<EnvEntry> assignment() {
    const auto end = text_.find_first_of("=\n", at_);
    if (end == std::string_view::npos || text_[end] == '\n') {
      return fail(fmt::format("expected NAME=VALUE, found {}", quoted(trim(rest_of_line()))));
    }
    std::string_view name = trim(text_.substr(at_, end - at_));
    if (name.substr(0, 7) == "export " || name.substr(0, 7) == "export\t") {
      name = trim(name.substr(7));
    }
    if (!is_variable_name(name)) {
      return fail(fmt::format("{} is no name of a variable: letters, digits and _, no digit first",
                              quoted(name)));
    }
    at_ = end + 1;
    skip(" \t");
    auto value = this->value();
    if (!value) return tl::unexpected(value.error());
    if (value->find('\0') != std::string::npos) {
      return fail(fmt::format("the value of {} contains a NUL byte", name));
    }
    return EnvEntry{.name = std::string(name), .value = std::move(*value)};
  }

  Result<std::string> value() {
    if (at_ == text_.size()) return std::string();
    const char quote = text_[at_];
    if (quote != '\'' && quote != '"') return unquoted();
    auto value = quoted_value(quote);
    if (!value) return value;
    const std::string_view rest = trim(rest_of_line());
    if (!rest.empty() && rest.front() != '#') {
      return fail(fmt::format("unexpected {} behind the closing quote", quoted(rest)));
    }
    return value;
  }

  std::string unquoted() {
    std::string_view value = rest_of_line();
    if (!value.empty() && value.front() == '#') return {};
    for (const std::string_view comment : {" #", "\t#"})
      value = value.substr(0, value.find(comment));
    return std::string(trim(value));
  }

  Result<std::string> quoted_value(char quote) {
    const int opened = line_;
    std::string value;
    for (++at_; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == quote) {
        ++at_;
        return value;
      }
      if (c == '\n') ++line_;
      if (c == '\\' && quote == '"' && at_ + 1 < text_.size()) {
        c = text_[++at_];
        if (c == 'n') {
          c = '\n';
        } else if (c == 't') {
          c = '\t';
        } else if (std::string_view("\"\\$`").find(c) == std::string_view::npos) {
          if (c == '\n') ++line_;
          value += '\\';
        }
      }
      value += c;
    }
    line_ = opened;
    return fail(fmt::format("a quote ({}) is opened and never closed", quote));
  }

  // Up to the end of the line, which stays.
  std::string_view rest_of_line() {
    const std::string_view rest = text_.substr(at_, text_.find('\n', at_) - at_);
    at_ += rest.size();
    return rest;
  }

  void skip(std::string_view characters) {
    for (; at_ < text_.size() && characters.find(text_[at_]) != std::string_view::npos; ++at_) {
      if (text_[at_] == '\n') ++line_;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

Result<std::vector<EnvEntry>> parse_env_file(std::string_view text) {
  return EnvFileParser(text).parse();
}

}  // namespace superd::core
