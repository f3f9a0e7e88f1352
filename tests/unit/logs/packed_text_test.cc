#include "logs/packed_text.h"

#include <atomic>
#include <string>

#include <unistd.h>

#include <catch2/catch.hpp>

#include "files.h"
#include "logs/gzip.h"
#include "logs/log_files.h"

namespace superd::logs {
namespace {

constexpr std::size_t kMega = std::size_t{1} << 20;

UniqueFd opened(const std::string& path) {
  Result<UniqueFd> fd = open_for_reading(path);
  REQUIRE(fd);
  return std::move(*fd);
}

// A gzip file of the text.
UniqueFd packed_file(const TempDir& dir, const std::string& name, const std::string& text) {
  put(dir / "plain", text);
  REQUIRE(compress_file(opened(dir / "plain").get(), dir / name, std::atomic<bool>{false}));
  return opened(dir / name);
}

std::string numbered(std::size_t bytes) {
  std::string text;
  for (int i = 0; text.size() < bytes; ++i) text += std::to_string(i * 7919LL) + "\n";
  return text;
}

TEST_CASE("gzip: the text is read from anywhere, as much as is wanted", "[logs]") {
  const TempDir dir;
  const std::string text = numbered(5 * kMega);
  const UniqueFd file = packed_file(dir, "text.gz", text);
  const auto packed = PackedText::of(file.get());
  REQUIRE(packed);
  CHECK(packed->size() == text.size());
  for (const std::size_t at : {std::size_t{0}, std::size_t{1}, kMega - 1, kMega, 3 * kMega + 17,
                               text.size() - 10, std::size_t{100'000}}) {
    for (const std::size_t size : {std::size_t{1}, std::size_t{5000}, 2 * kMega}) {
      CHECK(packed->read(file.get(), at, size) == text.substr(at, size));
    }
  }
  CHECK(packed->read(file.get(), 0, text.size()) == text);
  CHECK(packed->read(file.get(), text.size(), 10).empty());
  CHECK(packed->read(file.get(), text.size() + 10, 10).empty());
}

TEST_CASE("gzip: of a file that is damaged what comes before is read", "[logs]") {
  const TempDir dir;
  const std::string text = numbered(kMega);
  const UniqueFd file = packed_file(dir, "text.gz", text);
  REQUIRE(::truncate((dir / "text.gz").c_str(), 200'000) == 0);
  const auto packed = PackedText::of(file.get());
  REQUIRE(packed);
  CHECK(packed->size() > 100'000);
  CHECK(packed->size() < text.size());
  CHECK(packed->read(file.get(), 0, kMega) == text.substr(0, packed->size()));
  put(dir / "none.gz", "this is no gzip");
  const UniqueFd none = opened(dir / "none.gz");
  const auto nothing = PackedText::of(none.get());
  REQUIRE(nothing);
  CHECK(nothing->size() == 0);
}

TEST_CASE("gzip: however long the text is, little is held of it", "[logs]") {
  const TempDir dir;
  std::string text(70 * kMega, '.');
  text.replace(69 * kMega, 4, "here");
  const UniqueFd file = packed_file(dir, "text.gz", text);
  const auto packed = PackedText::of(file.get());
  REQUIRE(packed);
  CHECK(packed->size() == text.size());
  CHECK(packed->mark_bytes() < 3 * kMega);
  CHECK(packed->read(file.get(), 69 * kMega - 1, 6) == ".here.");
}

TEST_CASE("gzip: the files that were read last are known again, and changed ones looked at anew",
          "[logs]") {
  const TempDir dir;
  const UniqueFd one = packed_file(dir, "one.gz", "one\n");
  const UniqueFd two = packed_file(dir, "two.gz", "two\n");
  const UniqueFd three = packed_file(dir, "three.gz", "three\n");
  PackedTexts texts(PackedText::of(one.get())->mark_bytes() * 2);
  CHECK(texts.empty());
  const auto first = texts.text_of(one.get()).value();
  (void)texts.text_of(two.get());
  CHECK(texts.text_of(one.get()).value() == first);
  // There is room for two.
  (void)texts.text_of(three.get());
  CHECK(texts.text_of(one.get()).value() == first);
  (void)texts.text_of(two.get());
  (void)texts.text_of(three.get());
  CHECK(texts.text_of(one.get()).value() != first);
  // Under another name it is the same, and with another text another one.
  REQUIRE(::rename((dir / "one.gz").c_str(), (dir / "four.gz").c_str()) == 0);
  const auto again = texts.text_of(opened(dir / "four.gz").get()).value();
  CHECK(texts.text_of(one.get()).value() == again);
  put(dir / "four.gz", contents(dir / "three.gz"));
  CHECK(texts.text_of(one.get()).value() != again);
  texts.clear();
  CHECK(texts.empty());
}

}  // namespace
}  // namespace superd::logs
