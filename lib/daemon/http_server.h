#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "daemon/http_connection.h"
#include "daemon/responder.h"
#include "loop/loop.h"
#include "os/credentials.h"
#include "wire/http_codec.h"

namespace superd::daemon {

// HTTP/1.1 on a listening unix socket. One request a connection is handled at a time, in the order
// in which they came. Nothing that a client sends or leaves out ends or blocks superd: what takes
// too long or is too much is refused and its connection closed. Where no descriptor is free a few
// set aside keep it answering, one client at a time. Without a connection there is no timer.
class HttpServer {
 public:
  // May answer at once or later; never called after stop() or by a destroyed server. May destroy
  // the server.
  using Handler = std::function<void(const wire::Request&, const os::Peer&, Responder)>;

  struct Options {
    std::string name = "control socket";  // in the log
    std::size_t max_connections = 256;    // above: 503
    HttpLimits limits{};
  };

  // `listener` is borrowed and outlives the server; it is made non-blocking.
  static Result<std::unique_ptr<HttpServer>> create(loop::Loop& loop, int listener, Options options,
                                                    Handler handler);
  class State;
  // For create() alone.
  explicit HttpServer(std::shared_ptr<State> state);
  // Closes every connection; answers that come later go nowhere.
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  // From now on connections come from this listener, as borrowed as the one before, which is not
  // touched any more; those that are there go on. Fails, and nothing has changed.
  Status listen_on(int listener);
  // From now on every new request is answered 503 and its connection closed; answers that are owed
  // can still be given. `on_idle` is called once, from the loop, when no connection has anything
  // left to send or owes an answer.
  void stop(std::function<void()> on_idle);
  [[nodiscard]] std::size_t connections() const;

 private:
  std::shared_ptr<State> state_;
};

}  // namespace superd::daemon
