#include "daemon/why_not.h"

#include <memory>
#include <utility>

#include "daemon/http_server.h"
#include "daemon/supervisor_state.h"
#include "loop/loop.h"
#include "loop/timer.h"
#include "wire/http_codec.h"

namespace superd::daemon {

Status tell_why_not(const std::vector<keeper::Item>& items, const std::string& why,
                    std::chrono::milliseconds how_long) {
  Result<loop::Loop> loop = loop::Loop::create();
  if (!loop) return tl::unexpected(loop.error());
  std::vector<std::unique_ptr<HttpServer>> servers;
  for (const keeper::Item& item : items) {
    if (item.fds.empty() || (item.name != kControlItem && item.name != kWorkerItem)) continue;
    auto server = HttpServer::create(
        *loop, item.fds.front().get(), {.name = item.name},
        [&why](const wire::Request& /*request*/, const os::Peer& /*peer*/, Responder responder) {
          responder.answer(wire::problem_response(503, why));
        });
    if (!server) return tl::unexpected(server.error());
    servers.push_back(std::move(*server));
  }
  loop::Timer end(*loop, [&loop] { loop->stop(); });
  end.after(how_long);
  loop->run();
  return {};
}

}  // namespace superd::daemon
