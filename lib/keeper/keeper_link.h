#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "keeper/channel.h"
#include "keeper/protocol.h"

namespace superd::keeper {

// Supervisor and logger find their end of the pair with the keeper at this descriptor.
inline constexpr int kLinkFd = 3;
// A supervisor that cannot begin because something is lacking (base/shortage.h) ends with this
// status: it is started again, and counts as no crash.
inline constexpr int kTryAgainLater = 75;
// Items whose names begin so are kept by the service manager as well, where there is one that keeps
// descriptors, and are held from the start where it kept them of an earlier keeper.
inline constexpr const char* kListenPrefix = "listen/";
// The item that every supervisor gets without having put it: the read end of the pipe of
// ExitRecords (keeper/exit_record.h). Nobody can put or drop it.
inline constexpr std::string_view kExitsItem = "exits";
// What a supervisor asks for that has lost its pair with the logger: the answer is a Peer, where
// there is a logger.
inline constexpr std::string_view kPeerItem = "peer";

// Descriptors that the keeper holds under a name; the receiver owns these duplicates. No
// descriptors: the answer to ask() for a name that the keeper does not hold.
struct Item {
  std::string name;
  std::vector<UniqueFd> fds;
};
// Every item that was held when this supervisor started has been given.
struct ItemsEnd {
  bool set_journal_aside = false;  // see Briefing
};
// The keeper got this signal; also what came while no supervisor ran. TERM is repeated to every
// supervisor that starts after a shutdown was asked for.
struct SignalArrived {
  int number = 0;
};
// One end of a fresh SOCK_SEQPACKET pair, the other of which the logger (supervisor) gets. It
// replaces the one before.
struct Peer {
  UniqueFd fd;
};
// What upgrade() asked for is not done, and nothing has changed: ENOENT and the like (there is no
// program to be executed), EBADMSG (it cannot read the state of this one), EBUSY (superd leaves),
// ETIMEDOUT. The keeper's log says more.
struct UpgradeFailed {
  int error = 0;
};
// To the logger: so many bytes of the item's pipes were thrown away while it was away.
struct OutputLost {
  std::string name;
  std::uint64_t bytes = 0;
};
// The keeper's end is closed: leave at once, touching nothing. Always the last message.
struct KeeperGone {};
using Message =
    std::variant<Item, ItemsEnd, SignalArrived, Peer, UpgradeFailed, OutputLost, KeeperGone>;

// What a supervisor is told at its start.
struct Briefing {
  std::vector<Item> items;
  // Three supervisors that had got this far died within ten seconds: what they read may be why. The
  // journal is set aside before any of it is read. Said to one supervisor that takes its briefing,
  // then counting begins anew; a supervisor that ends before it took its briefing, after
  // finished(), or with kTryAgainLater, does not count.
  bool set_journal_aside = false;
};

// The supervisor's and the logger's end towards the keeper. Knows no loop: poll fd() for reading,
// and for writing while wants_write(); then call read(), flush(). Nothing here blocks but
// receive_briefing() and settle().
//
//   KeeperLink link(UniqueFd(kLinkFd));
//   auto briefing = link.receive_briefing(std::chrono::seconds(10));   // supervisor, at its start
//   link.put("listen/web/socket", std::array{fd});
class KeeperLink {
 public:
  // Owns the socket and makes it non-blocking and close-on-exec.
  explicit KeeperLink(UniqueFd socket);

  [[nodiscard]] int fd() const { return channel_.fd(); }

  // The keeper holds duplicates of `fds` under `name` (1 to kMaxName bytes, no control characters)
  // from now on, instead of what it held under it; the caller keeps its own. In order with all
  // other calls; safe against a crash of this process once settled(), and in practice at once.
  // Fails with EPIPE (keeper gone), ENOBUFS (queue full), EINVAL (name, or no descriptors), E2BIG
  // (more than kMaxItemDescriptors), EMFILE.
  Status put(std::string_view name, std::span<const int> fds);
  // The keeper closes what it holds under `name`; nothing happens where it holds nothing.
  Status drop(std::string_view name);
  // The keeper gives the item once more, as a message.
  Status ask(std::string_view name);
  // The sockets are bound, and the control socket answers: a service manager is told that superd is
  // ready.
  Status serving();
  // All first attempts of the autostart groups are done; code 0: every one is up, 1: some failed.
  // Only the first one ever counts.
  Status started(int code);
  // The ordered shutdown is done: the keeper lets the logger leave and exits with `code` (0..255).
  Status finished(int code);

  // Asks the keeper to become the program that lies on disk now where this one was started from.
  // The new program first proves that it reads the keeper's state. Then the keeper executes it, in
  // the same process and with all that it holds; this supervisor gets KeeperGone, and when it has
  // left, the next one is of the new program. The same goes for the logger. Otherwise UpgradeFailed
  // comes, once however often it was asked meanwhile. What this supervisor sent before is done in
  // either case; it sends nothing behind it until it knows, because the keeper waits for a moment
  // at which nothing is half sent.
  Status upgrade();

  // What has arrived, in order; empty: nothing now. Bounded: while fd() stays readable there is
  // more. After receive_briefing() and settle() call it once without waiting for fd(): they keep
  // for it what they came across. Malformed messages are logged and left out.
  std::vector<Message> read();
  // Sends what waits, as far as that is possible now.
  void flush() { channel_.flush(); }
  [[nodiscard]] bool wants_write() const { return channel_.wants_write(); }
  // Everything sent is with the keeper, and acknowledged where it had descriptors.
  [[nodiscard]] bool settled() const { return channel_.settled(); }

  // For the start of a supervisor: waits until every item was given. Other messages that arrive
  // meanwhile come from the next read(). Fails with ETIMEDOUT, EPIPE where the keeper is gone, or
  // EMFILE where descriptors of items could not be taken: the keeper still holds them.
  Result<Briefing> receive_briefing(std::chrono::milliseconds limit);
  // Waits until settled(). Fails like receive_briefing().
  Status settle(std::chrono::milliseconds limit);

 private:
  void take_packets();
  Status wait(std::chrono::steady_clock::time_point deadline);

  Channel channel_;
  std::deque<Message> arrived_;
  bool told_gone_ = false;
};

}  // namespace superd::keeper
