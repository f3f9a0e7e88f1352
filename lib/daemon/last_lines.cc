#include "daemon/last_lines.h"

#include <algorithm>
#include <utility>

namespace superd::daemon {

void LastLines::add(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::size_t newline = bytes.find('\n');
    const std::string_view text = bytes.substr(0, newline);
    open_ += text.substr(0, std::min(text.size(), kMaxLineBytes - open_.size()));
    if (newline == std::string_view::npos) return;
    end_line();
    bytes.remove_prefix(newline + 1);
  }
}

void LastLines::end_line() {
  if (open_.ends_with('\r')) open_.pop_back();
  bytes_ += open_.size();
  whole_.push_back(std::exchange(open_, {}));
  while (whole_.size() > kMaxLines || bytes_ > kMaxBytes) {
    bytes_ -= whole_.front().size();
    whole_.pop_front();
  }
}

std::vector<std::string> LastLines::lines() const {
  if (open_.empty()) return {whole_.begin(), whole_.end()};
  LastLines closed = *this;
  closed.end_line();
  return closed.lines();
}

}  // namespace superd::daemon
