#include "base/pattern.h"

#include <utility>

#include <fmt/format.h>
#include <re2/re2.h>

namespace superd {

Result<Pattern> Pattern::compile(std::string_view text) {
  if (text.size() > kMaxLength) {
    return fail(fmt::format("it is {} bytes long: at most {} are taken", text.size(), kMaxLength));
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto compiled =
      std::make_shared<const re2::RE2>(re2::StringPiece(text.data(), text.size()), options);
  if (!compiled->ok()) return fail(compiled->error());
  return Pattern(std::move(compiled));
}

bool Pattern::found_in(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), *compiled_);
}

const std::string& Pattern::text() const { return compiled_->pattern(); }

}  // namespace superd
