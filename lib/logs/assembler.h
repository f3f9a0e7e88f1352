#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "logs/cri.h"

namespace superd::logs {

// Makes lines of a stream of bytes. A line longer than kMaxPiece comes in several pieces (up to 3
// bytes longer, to end with a character of UTF-8), all but the last `partial`; what has no newline
// yet is kept until it has one. Pure.
class LineAssembler {
 public:
  static constexpr std::size_t kMaxPiece = std::size_t{16} * 1024;

  // Calls sink(std::string_view text, Piece) for every piece that is whole now, without its
  // newline.
  template <class Sink>
  void feed(std::string_view bytes, Sink&& sink) {
    while (!bytes.empty()) {
      const std::size_t newline = bytes.find('\n');
      const bool ends = newline != std::string_view::npos;
      std::string_view text = bytes.substr(0, newline);
      bytes.remove_prefix(ends ? newline + 1 : bytes.size());
      while (pending_.size() + text.size() > kMaxPiece) {
        const std::size_t take = behind_character(text, kMaxPiece - pending_.size());
        emit(text.substr(0, take), Piece::partial, sink);
        text.remove_prefix(take);
      }
      if (ends) {
        emit(text, Piece::full, sink);
      } else {
        pending_ += text;
      }
    }
  }

  // Nothing more comes: what has no newline is a line as well.
  template <class Sink>
  void finish(Sink&& sink) {
    if (!pending_.empty()) emit({}, Piece::full, sink);
  }

  [[nodiscard]] std::string_view pending() const { return pending_; }

 private:
  // A place behind `at`, so that no character of UTF-8 is in two pieces: each would be broken.
  static std::size_t behind_character(std::string_view text, std::size_t at) {
    for (int more = 0; more < 3 && at < text.size(); ++more, ++at) {
      if ((static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U) break;
    }
    return at;
  }

  template <class Sink>
  void emit(std::string_view text, Piece piece, Sink& sink) {
    if (pending_.empty()) {
      sink(text, piece);
      return;
    }
    pending_ += text;
    sink(std::string_view(pending_), piece);
    pending_.clear();
  }

  std::string pending_;
};

}  // namespace superd::logs
