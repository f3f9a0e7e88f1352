#include <cstddef>
#include <cstdint>
#include <string_view>

#include "wire/http_codec.h"
#include "wire/route.h"

using namespace superd::wire;

// Any bytes from a client, and from a server, in pieces whose size the first byte tells: never a
// crash, and every request that is taken gets a command or a refusal. libFuzzer wants this name and
// this type.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view all(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t step = data[0] % 64U + 1;
  RequestParser requests;
  ResponseParser response(Method::get, 4096);
  bool answered = false;
  for (std::size_t at = 0; at < all.size(); at += step) {
    const std::string_view piece = all.substr(at, step);
    requests.feed(piece);
    while (requests.advance() == RequestParser::State::complete) {
      (void)route(requests.take());
    }
    if (requests.advance() == RequestParser::State::refused) (void)requests.refusal();
    if (answered) continue;
    const auto state = response.feed(piece);
    answered = !state || *state == ResponseParser::State::complete;
    (void)response.take_body();
  }
  if (!answered) (void)response.end();
  return 0;
}
