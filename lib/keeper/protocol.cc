#include "keeper/protocol.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

namespace superd::keeper {
namespace {

constexpr std::uint32_t kMagic = 0x4b445053;  // "SPDK" in memory

// As it lies in the packet; both ends run on one machine, so the byte order is the machine's.
struct Header {
  std::uint32_t magic = kMagic;
  std::uint16_t op = 0;
  std::uint16_t part = 0;
  std::int32_t value = 0;
  std::uint16_t descriptors = 0;
  std::uint16_t name_size = 0;
};
static_assert(sizeof(Header) == kHeaderSize);

bool is_clean(std::string_view name) {
  return std::none_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
  });
}

}  // namespace

std::string encode(const PacketHead& head) {
  Header header;
  header.op = static_cast<std::uint16_t>(head.op);
  header.part = static_cast<std::uint16_t>(head.part);
  header.value = head.value;
  header.descriptors = head.descriptors;
  header.name_size = static_cast<std::uint16_t>(head.name.size());
  std::string packet(kHeaderSize, '\0');
  std::memcpy(packet.data(), &header, kHeaderSize);
  return packet + head.name;
}

Result<PacketHead> decode(std::span<const char> packet) {
  if (packet.size() < kHeaderSize) return fail("packet shorter than its header", EBADMSG);
  Header header;
  std::memcpy(&header, packet.data(), kHeaderSize);
  if (header.magic != kMagic) return fail("packet of another protocol", EBADMSG);
  if (header.name_size > kMaxName || packet.size() != kHeaderSize + header.name_size) {
    return fail("packet and its name differ in length", EBADMSG);
  }
  if (header.descriptors > kMaxPacketDescriptors) {
    return fail("packet with too many descriptors", EBADMSG);
  }
  if (header.part > static_cast<std::uint16_t>(Part::more)) {
    return fail("packet of an unknown part", EBADMSG);
  }
  PacketHead head;
  head.name.assign(packet.data() + kHeaderSize, header.name_size);
  if (!is_clean(head.name)) return fail("packet with control characters in its name", EBADMSG);
  if (header.op < static_cast<std::uint16_t>(Op::ack) ||
      header.op > static_cast<std::uint16_t>(Op::lost)) {
    return fail(fmt::format("unknown operation {}", header.op), ENOSYS);
  }
  head.op = static_cast<Op>(header.op);
  head.part = static_cast<Part>(header.part);
  head.value = header.value;
  head.descriptors = header.descriptors;
  return head;
}

bool is_item_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxName && is_clean(name);
}

}  // namespace superd::keeper
