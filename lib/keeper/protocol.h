#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

// What goes over a pair between keeper and supervisor or logger: SOCK_SEQPACKET packets of a fixed
// header and a name, with descriptors as SCM_RIGHTS. Both ends are the same program, or two
// versions of it during an upgrade: unknown operations are skipped, never fatal.
namespace superd::keeper {

enum class Op : std::uint16_t {
  ack = 1,        // either way: a packet of is_acknowledged() was taken (value 0) or not (an errno)
  put = 2,        // to the keeper: hold these
  drop = 3,       // to the keeper: close what has this name
  ask = 4,        // to the keeper: give this item again
  started = 5,    // to the keeper: value is 0 or 1
  finished = 6,   // to the keeper: value is the exit status
  item = 7,       // from the keeper
  items_end = 8,  // from the keeper: every item was given; value is kSetJournalAside or 0
  signal = 9,     // from the keeper: value is the signal's number
  peer = 10,      // from the keeper
  ping = 11,      // from the keeper: acknowledged, that is all
  upgrade = 12,   // to the keeper: become the program on disk; back: failed, value is an errno
  serving = 13,   // to the keeper: sockets are bound, and the control socket answers
  lost = 14,      // from the keeper to the logger: value bytes of this item were thrown away
};

inline constexpr std::size_t kMaxName = 200;
// The kernel takes 253 descriptors a packet.
inline constexpr std::size_t kMaxPacketDescriptors = 250;
inline constexpr std::size_t kMaxItemDescriptors = 4096;

// With items_end: supervisors died too often (keeper/crash_count.h); the one that reads this sets
// the journal aside before it reads any of it.
inline constexpr std::int32_t kSetJournalAside = 1;

// Whether the next packet goes on with the same item's descriptors.
enum class Part : std::uint16_t { last = 0, more = 1 };

struct PacketHead {
  Op op = Op::ack;
  Part part = Part::last;
  std::int32_t value = 0;
  std::uint16_t descriptors = 0;  // carried by this packet
  std::string name;
};

inline constexpr std::size_t kHeaderSize = 16;
inline constexpr std::size_t kMaxPacket = kHeaderSize + kMaxName;

// Descriptors, because those on their way are bounded; signals and the end of the items, because a
// supervisor may die with them unread; pings, because that is what they are for.
inline bool is_acknowledged(const PacketHead& head) {
  return head.descriptors > 0 || head.op == Op::signal || head.op == Op::items_end ||
         head.op == Op::ping;
}

std::string encode(const PacketHead& head);
// Fails, naming the reason, for everything that encode() does not make. Error code ENOSYS: well
// formed, but the operation is unknown.
Result<PacketHead> decode(std::span<const char> packet);

// 1 to kMaxName bytes, none of them a control character.
bool is_item_name(std::string_view name);

}  // namespace superd::keeper
