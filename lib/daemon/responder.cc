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

void Responder::on_gone(std::function<void()> function) {
  if (const auto connection = connection_.lock()) {
    connection->on_gone(request_, std::move(function));
  }
}

bool Responder::pending() const {
  const auto connection = connection_.lock();
  return connection && connection->owes_answer(request_);
}

}  // namespace superd::daemon
