#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/journal.h"
#include "journal/record.h"

// Any bytes as a journal: never a crash. Bytes that begin with `=` are values instead, `KEY VALUE`
// a line, for those with a right check are hard to guess. libFuzzer wants this name and this type.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string text(data, data + size);
  if (text.starts_with('=')) {
    std::string lines = superd::journal::encode(
        superd::journal::Head{.format = superd::journal::kFormat, .boot_id = "fuzz"});
    for (std::size_t at = 1; at < text.size();) {
      const std::string_view line = std::string_view(text).substr(at, text.find('\n', at) - at);
      const std::string_view key = line.substr(0, line.find(' '));
      if (key.size() < line.size()) {
        lines += superd::journal::encode_put(key, line.substr(key.size() + 1));
      }
      at += line.size() + 1;
    }
    text = std::move(lines);
  }
  std::vector<std::string> complaints;
  superd::daemon::read_back(superd::journal::decode(text).values, complaints);
  return 0;
}
