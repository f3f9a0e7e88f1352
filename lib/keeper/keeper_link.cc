#include "keeper/keeper_link.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <memory>
#include <utility>

#include <fcntl.h>
#include <poll.h>

#include "base/log.h"

namespace superd::keeper {
namespace {

using Clock = std::chrono::steady_clock;

Result<Descriptors> duplicate(std::string_view name, std::span<const int> fds) {
  auto copies = std::make_shared<std::vector<UniqueFd>>();
  for (const int fd : fds) {
    UniqueFd copy(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (!copy) return fail_errno(fmt::format("duplicate descriptor {} of {}", fd, name), errno);
    copies->push_back(std::move(copy));
  }
  return copies;
}

}  // namespace

KeeperLink::KeeperLink(UniqueFd socket) : channel_(std::move(socket)) {}

Status KeeperLink::put(std::string_view name, std::span<const int> fds) {
  if (!is_item_name(name) || name == kExitsItem || fds.empty()) {
    return fail(
        fmt::format("cannot give {} descriptors named {:?} to the keeper", fds.size(), name),
        EINVAL);
  }
  Result<Descriptors> copies = duplicate(name, fds);
  if (!copies) return tl::unexpected(copies.error());
  return channel_.send({.op = Op::put, .name = std::string(name), .fds = std::move(*copies)});
}

Status KeeperLink::drop(std::string_view name) {
  return channel_.send({.op = Op::drop, .name = std::string(name)});
}

Status KeeperLink::ask(std::string_view name) {
  return channel_.send({.op = Op::ask, .name = std::string(name)});
}

Status KeeperLink::serving() { return channel_.send({.op = Op::serving}); }

Status KeeperLink::started(int code) { return channel_.send({.op = Op::started, .value = code}); }

Status KeeperLink::finished(int code) { return channel_.send({.op = Op::finished, .value = code}); }

Status KeeperLink::upgrade() { return channel_.send({.op = Op::upgrade}); }

std::vector<Message> KeeperLink::read() {
  take_packets();
  std::vector<Message> messages(std::make_move_iterator(arrived_.begin()),
                                std::make_move_iterator(arrived_.end()));
  arrived_.clear();
  return messages;
}

void KeeperLink::take_packets() {
  for (Channel::Incoming& packet : channel_.receive()) {
    switch (packet.op) {
      case Op::item:
        arrived_.emplace_back(Item{.name = std::move(packet.name), .fds = std::move(packet.fds)});
        break;
      case Op::items_end:
        arrived_.emplace_back(ItemsEnd{.set_journal_aside = packet.value == kSetJournalAside});
        break;
      case Op::signal:
        arrived_.emplace_back(SignalArrived{.number = packet.value});
        break;
      case Op::peer:
        if (packet.fds.size() == 1) arrived_.emplace_back(Peer{std::move(packet.fds.front())});
        break;
      case Op::upgrade:
        arrived_.emplace_back(UpgradeFailed{.error = packet.value});
        break;
      case Op::lost:
        if (packet.value > 0) {
          arrived_.emplace_back(OutputLost{.name = std::move(packet.name),
                                           .bytes = static_cast<std::uint64_t>(packet.value)});
        }
        break;
      case Op::ping:  // the channel has acknowledged it
        break;
      case Op::ack:
      case Op::put:
      case Op::drop:
      case Op::ask:
      case Op::started:
      case Op::serving:
      case Op::finished:
        log::warn("the keeper sent an operation that only it receives");
        break;
    }
  }
  if (channel_.closed() && !told_gone_) {
    told_gone_ = true;
    arrived_.emplace_back(KeeperGone{});
  }
}

Status KeeperLink::wait(Clock::time_point deadline) {
  const auto rest = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
  if (rest.count() <= 0) return fail_errno("waiting for the keeper", ETIMEDOUT);
  const int events = wants_write() ? POLLIN | POLLOUT : POLLIN;
  pollfd waiting{.fd = fd(), .events = static_cast<short>(events), .revents = 0};
  const int ready = ::poll(&waiting, 1, static_cast<int>(std::min<long>(rest.count(), 60'000)));
  if (ready < 0 && errno != EINTR) return fail_errno("poll the keeper", errno);
  return {};
}

Result<Briefing> KeeperLink::receive_briefing(std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  Briefing briefing;
  for (;;) {
    take_packets();
    std::deque<Message> others;
    bool ended = false;
    for (Message& message : arrived_) {
      Item* item = ended ? nullptr : std::get_if<Item>(&message);
      const ItemsEnd* end = ended ? nullptr : std::get_if<ItemsEnd>(&message);
      if (item != nullptr) {
        briefing.items.push_back(std::move(*item));
      } else if (end != nullptr) {
        ended = true;
        briefing.set_journal_aside = end->set_journal_aside;
      } else {
        others.push_back(std::move(message));
      }
    }
    arrived_ = std::move(others);
    if (ended && channel_.has_lost_descriptors()) {
      return fail_errno("the keeper's items", EMFILE);
    }
    if (ended) return briefing;
    if (told_gone_) return fail_errno("waiting for the keeper's items", EPIPE);
    if (const Status waited = wait(deadline); !waited) return tl::unexpected(waited.error());
    flush();
  }
}

Status KeeperLink::settle(std::chrono::milliseconds limit) {
  const auto deadline = Clock::now() + limit;
  for (;;) {
    take_packets();
    flush();
    if (told_gone_) return fail_errno("waiting for the keeper's answer", EPIPE);
    if (settled()) return {};
    if (const Status waited = wait(deadline); !waited) return tl::unexpected(waited.error());
  }
}

}  // namespace superd::keeper
