#include <cstddef>
#include <cstdint>
#include <string_view>

#include "keeper/handover.h"
#include "keeper/protocol.h"
#include "logs/protocol.h"

// Any bytes as a packet between superd's three processes, and as what a keeper hands over to the
// next: never a crash. What is understood is written and understood once more. libFuzzer wants this
// name and this type.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto head = superd::keeper::decode(text)) {
    if (!superd::keeper::decode(superd::keeper::encode(*head))) __builtin_trap();
  }
  (void)superd::logs::decode_request(text);
  (void)superd::logs::decode_answer(text);
  (void)superd::keeper::decode_handover(text);
  return 0;
}
