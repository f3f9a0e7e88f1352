#include "os/port_owner.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <catch2/catch.hpp>

using namespace superd::os;

namespace {

constexpr const char* kTable =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout "
    "inode\n"
    "   0: 0100007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
    "111 1\n"
    "   1: 0200007F:1F40 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
    "222 1\n"
    "   2: 00000000:1F41 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 "
    "333 1\n"
    "   3: 0100007F:1F42 0100007F:9999 01 00000000:00000000 00:00000000 00000000     0        0 "
    "444 1\n"
    "garbage\n\n";

std::vector<std::string> inodes(const char* host, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  ::inet_pton(AF_INET, host, &address.sin_addr);
  return listening_inodes(kTable, reinterpret_cast<const sockaddr*>(&address));
}

}  // namespace

TEST_CASE("listen: who has an address is found by port, and by host unless one is for all",
          "[os]") {
  CHECK(inodes("127.0.0.1", 8000) == std::vector<std::string>{"111"});
  CHECK(inodes("0.0.0.0", 8000) == std::vector<std::string>{"111", "222"});
  CHECK(inodes("10.0.0.1", 8001) == std::vector<std::string>{"333"});
  CHECK(inodes("127.0.0.1", 8002).empty());
  CHECK(inodes("127.0.0.3", 8000).empty());
}
