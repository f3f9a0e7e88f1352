#include "daemon/responder.h"

#include <utility>

#include "daemon/http_connection.h"

namespace superd::daemon {

Responder::~Responder() {
  if (pending()) answer(wire::problem_response(500, "superd has no answer to this request"));
}

Responder& Responder::operator=(Responder&& other) noexcept {
  Responder old(std::move(*this));
  connection_ = std::move(other.connection_);
  request_ = other.request_;
  return *this;
}

void Responder::answer(wire::Response response) {
  const auto connection = std::exchange(connection_, {}).lock();
  if (connection) connection->answer(request_, response);
}

ResponseStream Responder::stream(std::string_view content_type, std::function<void()> on_room,
                                 std::function<void()> on_gone) {
  const auto connection = std::exchange(connection_, {}).lock();
  if (!connection) return {};
  connection->begin_stream(request_, content_type, std::move(on_room));
  connection->on_gone(request_, std::move(on_gone));
  return {connection, request_};
}

void Responder::on_gone(std::function<void()> function) {
  if (const auto connection = connection_.lock()) {
    connection->on_gone(request_, std::move(function));
  }
}

bool Responder::pending() const {
  const auto connection = connection_.lock();
  return connection && connection->owes_answer(request_);
}

ResponseStream::~ResponseStream() {
  if (const auto connection = connection_.lock()) connection->end_stream(request_);
}

ResponseStream& ResponseStream::operator=(ResponseStream&& other) noexcept {
  ResponseStream old(std::move(*this));
  connection_ = std::move(other.connection_);
  request_ = other.request_;
  return *this;
}

void ResponseStream::send(std::string_view bytes) {
  if (const auto connection = connection_.lock()) connection->stream_on(request_, bytes);
}

std::size_t ResponseStream::unsent() const {
  const auto connection = connection_.lock();
  return connection && connection->streams(request_) ? connection->unsent() : 0;
}

bool ResponseStream::open() const {
  const auto connection = connection_.lock();
  return connection && connection->streams(request_);
}

}  // namespace superd::daemon
