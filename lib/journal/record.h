#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>

// The journal as text: what a supervisor has to know of the one before it. A head line, then lines
// that each set or drop one key; the last line of a key counts. Every line carries its own check,
// so that one that was torn or spoiled is left out and the others keep their meaning.
//
//   superd-journal 1 BOOT-ID
//   CRC32 LENGTH +KEY VALUE
//   CRC32 LENGTH -KEY
//   CRC32 LENGTH -commit mark
//
// The mark ends what was written together: lines after the last one do not count, for a step of
// which a part is known is worse than one that is not known. A journal without marks is of a
// version that wrote none, and every line of it counts; such a version reads a mark as the end of a
// key that was never set.
//
// CRC32 is zlib's, in eight hexadecimal digits, LENGTH decimal; both are of what follows, up to the
// newline. A key has no space. A value is JSON as nlohmann writes it, which has no newline.
namespace superd::journal {

// Readers of another format set the journal aside. Fields of values come and go without one.
inline constexpr int kFormat = 1;

struct Head {
  int format = 0;
  std::string boot_id;  // /proc/sys/kernel/random/boot_id: no process outlives it
};
std::string encode(const Head& head);
// Nothing: no head line.
std::optional<Head> decode_head(std::string_view line);

// With the newline.
std::string encode_put(std::string_view key, std::string_view value);
std::string encode_drop(std::string_view key);
// Ends what is written together.
std::string encode_commit();

struct Content {
  std::size_t bytes = 0;
  std::optional<Head> head;
  std::map<std::string, std::string> values;  // by key
  std::size_t bad_lines = 0;                  // left out
  std::size_t bad_bytes = 0;                  // of these
  std::size_t unfinished_bytes = 0;           // after the last mark; left out, and not bad
};
// Of any bytes. Without a head, or with one of another format, there are no values.
Content decode(std::string_view bytes);

}  // namespace superd::journal
