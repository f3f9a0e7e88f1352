#pragma once

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <catch2/catch.hpp>

#include "logs/line.h"
#include "logs/packed_text.h"
#include "logs/stamp.h"

namespace superd::logs {

// A folder of its own, removed at the end.
class TempDir {
 public:
  TempDir() {
    std::string name = (std::filesystem::temp_directory_path() / "superd-logs-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~TempDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  [[nodiscard]] std::string operator/(std::string_view name) const {
    return (path_ / name).string();
  }

 private:
  std::filesystem::path path_;
};

inline std::string contents(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void put(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

// 2026-11-23T01:02:03.000000000Z and some nanoseconds.
inline Stamp stamp(int nanoseconds = 0) {
  using namespace std::chrono;
  return Stamp(sys_days(2026y / 11 / 23) + 1h + 2min + 3s + std::chrono::nanoseconds(nanoseconds));
}

// What the readings of all test cases share.
inline PackedTexts& packed() {
  static PackedTexts texts;
  return texts;
}

inline std::vector<std::string> texts(const std::vector<Line>& lines) {
  std::vector<std::string> all;
  for (const Line& line : lines) all.push_back(line.text);
  return all;
}

}  // namespace superd::logs
