#include "keeper/channel.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>

#include "base/log.h"

namespace superd::keeper {

Channel::Channel(UniqueFd socket) : socket_(std::move(socket)) {
  ::fcntl(socket_.get(), F_SETFD, FD_CLOEXEC);
  ::fcntl(socket_.get(), F_SETFL, ::fcntl(socket_.get(), F_GETFL) | O_NONBLOCK);
}

Status Channel::send(Outgoing message) {
  if (write_closed_ || closed_) {
    return fail_errno(fmt::format("send {} over a closed pair", message.name), EPIPE);
  }
  if (message.name.size() > kMaxName || (!message.name.empty() && !is_item_name(message.name))) {
    return fail(fmt::format("cannot send an item named {:?}", message.name), EINVAL);
  }
  if (message.fds && message.fds->size() > kMaxItemDescriptors) {
    return fail(fmt::format("{} has more than {} descriptors", message.name, kMaxItemDescriptors),
                E2BIG);
  }
  if (!message.fds && queue_.size() >= kMaxWaiting) {
    return fail(fmt::format("{} messages wait for the other end already", queue_.size()), ENOBUFS);
  }
  queue_.push_back({.message = std::move(message)});
  flush();
  return {};
}

std::size_t Channel::rest(const Waiting& waiting) {
  return waiting.message.fds ? waiting.message.fds->size() - waiting.sent_fds : 0;
}

bool Channel::window_open(const Waiting& next) const {
  const std::size_t batch = std::min(rest(next), kMaxPacketDescriptors);
  return batch == 0 || in_flight_fds_ == 0 || in_flight_fds_ + batch <= kMaxPacketDescriptors;
}

bool Channel::wants_write() const {
  if (write_closed_ || stalled_) return false;
  return !acks_.empty() || (!queue_.empty() && window_open(queue_.front()));
}

bool Channel::settled() const { return acks_.empty() && queue_.empty() && in_flight_.empty(); }

void Channel::flush() {
  stalled_ = false;
  while (!acks_.empty() && !write_closed_) {
    if (send_head(acks_.front(), {}) == Sent::later) return;
    if (!write_closed_) acks_.pop_front();
  }
  while (!queue_.empty() && !write_closed_) {
    if (send_parts(queue_.front()) == Sent::later) return;
    if (!write_closed_) queue_.pop_front();
  }
}

Channel::Sent Channel::send_parts(Waiting& waiting) {
  do {
    if (!window_open(waiting)) return Sent::later;
    const std::size_t batch = std::min(rest(waiting), kMaxPacketDescriptors);
    std::vector<int> fds;
    for (std::size_t i = 0; i < batch; ++i) {
      fds.push_back((*waiting.message.fds)[waiting.sent_fds + i].get());
    }
    const PacketHead head{.op = waiting.message.op,
                          .part = batch < rest(waiting) ? Part::more : Part::last,
                          .value = waiting.message.value,
                          .descriptors = static_cast<std::uint16_t>(batch),
                          .name = waiting.message.name};
    if (send_head(head, fds) == Sent::later) return Sent::later;
    if (write_closed_) return Sent::yes;
    waiting.sent_fds += batch;
    if (is_acknowledged(head)) {
      in_flight_.push_back({.fds = batch, .op = head.op, .value = head.value});
      in_flight_fds_ += batch;
    }
  } while (rest(waiting) > 0);
  return Sent::yes;
}

Channel::Sent Channel::send_head(const PacketHead& head, std::span<const int> fds) {
  const Status sent = send_packet(socket_.get(), encode(head), fds);
  if (sent) return Sent::yes;
  if (sent.error().code == EAGAIN || sent.error().code == ENOBUFS || sent.error().code == ENOMEM) {
    return Sent::later;
  }
  if (sent.error().code == ETOOMANYREFS) {
    stalled_ = true;
    return Sent::later;
  }
  if (sent.error().code != EPIPE) log::error("{}", sent.error().message);
  give_up_writing();
  return Sent::yes;
}

void Channel::give_up_writing() {
  // The other end's last words are still to be read: only this direction is over.
  write_closed_ = true;
  acks_.clear();
}

void Channel::close_writing() {
  ::shutdown(socket_.get(), SHUT_WR);
  give_up_writing();
}

std::vector<Channel::Outgoing> Channel::take_undelivered(Op op) {
  std::vector<Outgoing> taken;
  for (const InFlight& sent : in_flight_) {
    if (sent.op == op) taken.push_back({.op = op, .value = sent.value});
  }
  std::deque<Waiting> kept;
  for (Waiting& waiting : queue_) {
    if (waiting.message.op == op && waiting.sent_fds == 0) {
      taken.push_back(std::move(waiting.message));
    } else {
      kept.push_back(std::move(waiting));
    }
  }
  queue_ = std::move(kept);
  return taken;
}

std::vector<Channel::Incoming> Channel::receive() {
  std::vector<Incoming> complete;
  for (int i = 0; i < kMaxTurn && receive_one(complete); ++i) continue;
  flush();
  return complete;
}

std::vector<Channel::Incoming> Channel::receive_rest() {
  std::vector<Incoming> complete;
  while (receive_one(complete)) continue;
  return complete;
}

bool Channel::receive_one(std::vector<Incoming>& complete) {
  if (closed_) return false;
  Received received = receive_packet(socket_.get(), kMaxPacket);
  switch (received.kind) {
    case ReceiveKind::packet:
      ++packets_;
      take_packet(std::move(received.packet), complete);
      return true;
    case ReceiveKind::nothing:
      return false;
    case ReceiveKind::closed:
      closed_ = true;
      give_up_writing();
      return false;
  }
  std::abort();
}

void Channel::take_packet(RawPacket packet, std::vector<Incoming>& complete) {
  const Result<PacketHead> head = decode(packet.bytes);
  const bool whole = head && !packet.truncated && head->descriptors == packet.fds.size();
  if (head && head->op == Op::ack) return take_ack(*head);
  // Whatever may wait for it is acknowledged, also where it is left out.
  if (!packet.fds.empty() || packet.truncated || (head && is_acknowledged(*head))) {
    acks_.push_back({.op = Op::ack,
                     .value = whole ? 0 : (packet.truncated ? EMFILE : EBADMSG),
                     .name = head ? head->name : std::string()});
  }
  if (!head) {
    log::warn("a message from the other end of the pair is left out: {}", head.error().message);
  } else if (!whole) {
    log::error("the descriptors of {} were lost on the way: {}", head->name,
               packet.truncated ? "too many open files" : "wrong number");
    lost_descriptors_ = lost_descriptors_ || packet.truncated;
    spoil(*head);
  } else {
    join(*head, std::move(packet.fds), complete);
  }
}

void Channel::take_ack(const PacketHead& ack) {
  if (ack.value != 0) {
    log::error("the other end of the pair could not take {}: {}", ack.name,
               std::generic_category().message(ack.value));
  }
  if (in_flight_.empty()) return;
  in_flight_fds_ -= in_flight_.front().fds;
  in_flight_.pop_front();
}

void Channel::spoil(const PacketHead& head) {
  partial_.reset();
  spoiled_.reset();
  if (head.part == Part::more) spoiled_ = head.name;
}

void Channel::join(const PacketHead& head, std::vector<UniqueFd> fds,
                   std::vector<Incoming>& complete) {
  if (spoiled_ == head.name) {
    if (head.part == Part::last) spoiled_.reset();
    return;
  }
  const bool goes_on = partial_ && partial_->op == head.op && partial_->name == head.name;
  if (!goes_on) partial_ = Incoming{.op = head.op, .value = head.value, .name = head.name};
  if (partial_->fds.size() + fds.size() > kMaxItemDescriptors) {
    log::error("{} has too many descriptors and is left out", head.name);
    return spoil(head);
  }
  std::move(fds.begin(), fds.end(), std::back_inserter(partial_->fds));
  if (head.part == Part::more) return;
  complete.push_back(std::move(*partial_));
  partial_.reset();
}

}  // namespace superd::keeper
