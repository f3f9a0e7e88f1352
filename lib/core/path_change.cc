#include "core/path_change.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace superd::core {
namespace {

std::uint64_t hash_on(std::uint64_t hash, std::uint64_t number) {
  for (int byte = 0; byte < 8; ++byte, number >>= 8) {
    hash = (hash ^ (number & 0xff)) * 0x100000001b3ULL;
  }
  return hash;
}

std::uint64_t print_of(const Identity& identity) {
  std::uint64_t hash = hash_on(kHashBegin, static_cast<std::uint64_t>(identity.mtime_ns));
  hash = hash_on(hash, identity.size);
  hash = hash_on(hash, identity.inode);
  return hash_on(hash, identity.links);
}

template <class T, class Less, class Same>
void sort_once(std::vector<T>& values, Less less, Same same) {
  std::sort(values.begin(), values.end(), less);
  values.erase(std::unique(values.begin(), values.end(), same), values.end());
}

bool by_path(const Snapshot::Entry& a, const Snapshot::Entry& b) { return a.path < b.path; }

}  // namespace

std::uint64_t hash_on(std::uint64_t hash, std::string_view bytes) {
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

std::uint64_t hash_path(std::uint64_t directory, std::string_view name) {
  return hash_on(hash_on(directory, std::string_view("/")), name);
}

const Snapshot::Entry* Snapshot::find(std::uint64_t path) const {
  const Entry wanted{.path = path};
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), wanted, by_path);
  return found != entries_.end() && found->path == path ? &*found : nullptr;
}

std::string Snapshot::to_text() const {
  if (entries_.size() > kMostKept) return "";
  std::string text = "paths";
  for (const Entry& entry : entries_) {
    text += fmt::format(" {:x},{:x},{:x},{}", entry.path, entry.identity, entry.digest,
                        entry.gone ? 1 : 0);
  }
  return text;
}

std::optional<Snapshot> Snapshot::from(std::string_view text) {
  constexpr std::string_view kBegin = "paths";
  if (!text.starts_with(kBegin)) return std::nullopt;
  text.remove_prefix(kBegin.size());
  Snapshot snapshot;
  const auto number = [&](char before, int base) -> std::optional<std::uint64_t> {
    if (text.empty() || text.front() != before) return std::nullopt;
    std::uint64_t value = 0;
    const auto [end, error] =
        std::from_chars(text.data() + 1, text.data() + text.size(), value, base);
    if (error != std::errc()) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    return value;
  };
  while (!text.empty()) {
    const auto path = number(' ', 16);
    const auto identity = number(',', 16);
    const auto digest = number(',', 16);
    const auto gone = number(',', 10);
    if (!path || !identity || !digest || !gone || *gone > 1) return std::nullopt;
    if (!snapshot.entries_.empty() && snapshot.entries_.back().path >= *path) return std::nullopt;
    snapshot.entries_.push_back(
        {.path = *path, .identity = *identity, .digest = *digest, .gone = *gone == 1});
  }
  return snapshot;
}

std::optional<std::uint64_t> Comparison::known_digest(std::string_view path,
                                                      const Identity& identity) const {
  if (judge_ == Judge::identity) return 0;
  const Snapshot::Entry* entry =
      past_.before == nullptr ? nullptr : past_.before->find(hash_on(kHashBegin, path));
  if (entry == nullptr || entry->gone || entry->identity != print_of(identity)) return std::nullopt;
  return entry->digest;
}

void Comparison::see(std::string_view path, const Identity& identity, std::uint64_t digest,
                     std::int64_t touched_ns) {
  const Snapshot::Entry entry{.path = hash_on(kHashBegin, path),
                              .identity = print_of(identity),
                              .digest = digest,
                              .gone = false};
  result_.now.entries_.push_back(entry);
  if (!is_change(entry, touched_ns)) return;
  changed_.push_back(entry.path);
  std::vector<std::string>& names = result_.names;
  const bool named = std::ranges::find(names, path) != names.end();
  if (!named && names.size() < kMostNames) names.emplace_back(path);
}

bool Comparison::is_change(const Snapshot::Entry& entry, std::int64_t touched_ns) const {
  if (past_.before == nullptr) return touched_ns > past_.first_look_ns;
  const Snapshot::Entry* was = past_.before->find(entry.path);
  if (was == nullptr) return true;
  switch (judge_) {
    case Judge::identity:
      return was->gone || was->identity != entry.identity ||
             std::ranges::find(past_.deleted, entry.path) != past_.deleted.end();
    case Judge::content:
      return was->digest != entry.digest;
  }
  std::abort();
}

Comparison::Result Comparison::finish(Extent extent) {
  std::vector<Snapshot::Entry>& now = result_.now.entries_;
  sort_once(now, by_path, [](const auto& a, const auto& b) { return a.path == b.path; });
  sort_once(changed_, std::less<>(), std::equal_to<>());
  result_.changed = changed_.size();
  if (past_.before != nullptr) {
    const std::size_t seen = now.size();
    std::size_t gone = 0;
    for (Snapshot::Entry entry : past_.before->entries_) {
      const auto end = now.begin() + static_cast<std::ptrdiff_t>(seen);
      if (std::binary_search(now.begin(), end, entry, by_path)) continue;
      if (extent == Extent::whole) entry.gone = true;
      // Whoever makes and deletes files under ever new names is not remembered without end.
      if (entry.gone && ++gone > kMostGone) continue;
      now.push_back(entry);
    }
    std::sort(now.begin(), now.end(), by_path);
  }
  now.shrink_to_fit();
  result_.print = kHashBegin;
  for (const Snapshot::Entry& entry : now) {
    if (entry.gone) continue;
    ++result_.existing;
    result_.print = hash_on(hash_on(result_.print, entry.path), entry.identity);
  }
  return std::move(result_);
}

std::string changed_text(const Comparison::Result& result) {
  if (result.names.empty()) return "";
  if (result.changed == 1) return result.names.front() + " changed";
  return fmt::format("{} and {} more changed", result.names.front(), result.changed - 1);
}

}  // namespace superd::core
