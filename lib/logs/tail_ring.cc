#include "logs/tail_ring.h"

#include <algorithm>
#include <utility>

namespace superd::logs {

void TailRing::push(Stamp time, Stream stream, Piece piece, std::string_view text) {
  bool& begun = begun_.at(static_cast<std::size_t>(stream));
  const bool continues = std::exchange(begun, piece == Piece::partial);
  if (continues) return;
  text = text.substr(0, kMaxLineBytes);
  text_ += text;
  entries_.push_back({.time = time, .stream = stream, .size = text.size()});
  while (entries_.size() > kMaxLines || text_.size() - start_ > kMaxBytes) {
    start_ += entries_.front().size;
    entries_.pop_front();
  }
  // Moving the text only now and then keeps the cost of a line that of copying it.
  if (start_ > kMaxBytes) text_.erase(0, std::exchange(start_, 0));
}

std::vector<Line> TailRing::last(std::size_t count, const std::string& worker) const {
  std::vector<Line> lines;
  std::size_t skip = entries_.size() - std::min(count, entries_.size());
  std::size_t at = start_;
  for (const Entry& entry : entries_) {
    if (skip > 0) {
      --skip;
    } else {
      lines.push_back({.worker = worker,
                       .time = to_string(entry.time),
                       .stream = entry.stream,
                       .text = text_.substr(at, entry.size)});
    }
    at += entry.size;
  }
  return lines;
}

void TailRing::compact() {
  text_.erase(0, std::exchange(start_, 0));
  text_.shrink_to_fit();
}

void FinishedTails::keep(const std::string& worker, core::SpawnId spawn, TailRing tail) {
  tail.compact();
  kept_.push_back({.worker = worker, .spawn = spawn, .tail = std::move(tail)});
  const auto same = [&](const Kept& kept) { return kept.worker == worker; };
  if (std::count_if(kept_.begin(), kept_.end(), same) > static_cast<int>(kPerWorker))
    kept_.erase(std::find_if(kept_.begin(), kept_.end(), same));
  if (kept_.size() > kMaxSpawns) kept_.pop_front();
}

std::vector<Line> FinishedTails::last(core::SpawnId spawn, std::size_t count) const {
  const auto found = std::find_if(kept_.rbegin(), kept_.rend(),
                                  [&](const Kept& kept) { return kept.spawn == spawn; });
  if (found == kept_.rend()) return {};
  return found->tail.last(count, found->worker);
}

}  // namespace superd::logs
