#include "daemon/http_readiness.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "base/log.h"
#include "loop/timer.h"
#include "os/connect.h"
#include "os/listen_socket.h"

namespace superd::daemon {
namespace {

// What an application answers that wants to be asked for under its own name alone.
constexpr int kBadRequest = 400;

}  // namespace

struct HttpReadiness::Watch {
  Watch(core::SpawnId s, core::HttpSpec h, loop::Loop& loop, std::function<void()> on_time)
      : spawn(s), http(std::move(h)), next(loop, std::move(on_time)) {}

  core::SpawnId spawn;
  core::HttpSpec http;
  std::chrono::milliseconds limit{};
  os::SocketAddress address;
  std::string asked;  // `GET /healthz on 127.0.0.1:43211`
  std::string seen = ": no answer yet";
  loop::Duration pause = kMinPause;
  loop::Timer next;
  std::optional<HttpProbe> probe;
};

HttpReadiness::HttpReadiness(loop::Loop& loop, Hooks hooks)
    : loop_(loop), hooks_(std::move(hooks)) {}

HttpReadiness::~HttpReadiness() = default;

void HttpReadiness::watch(core::SpawnId spawn, int socket, const core::HttpSpec& http,
                          std::chrono::milliseconds limit) {
  auto watch = std::make_unique<Watch>(spawn, http, loop_, [this, spawn] {
    const auto found = watches_.find(spawn);
    if (found != watches_.end()) ask(*found->second);
  });
  const Result<os::SocketAddress> address = os::bound_address(socket);
  const Result<std::string> name = os::local_address(socket);
  watch->asked = fmt::format("GET {} on {}", http.path, name.value_or("its private socket"));
  watch->limit = limit;
  Watch& made = *watch;
  watches_[spawn] = std::move(watch);
  if (!address) {
    made.seen = ": " + address.error().message;
    return;
  }
  made.address = *address;
  ask(made);
}

void HttpReadiness::unwatch(core::SpawnId spawn) { watches_.erase(spawn); }

void HttpReadiness::ask(Watch& watch) {
  watch.probe.emplace(
      loop_,
      HttpProbe::Request{.address = watch.address, .path = watch.http.path, .limit = watch.limit},
      [this, spawn = watch.spawn](const HttpProbe::End& end) {
        on_answer(spawn, end.status, end.what);
      });
}

void HttpReadiness::on_answer(core::SpawnId spawn, std::optional<int> status,
                              const std::string& what) {
  const auto found = watches_.find(spawn);
  if (found == watches_.end()) return;
  Watch& watch = *found->second;
  watch.probe.reset();
  if (status && core::accepts(watch.http, *status)) {
    log::debug("{} {}", watch.asked, what);
    watches_.erase(found);
    return hooks_.on_ready(spawn);
  }
  watch.seen = (status ? " " : ": ") + what;
  if (status == kBadRequest) watch.seen += " (it was asked with Host: localhost)";
  watch.next.after(watch.pause);
  watch.pause = std::min<loop::Duration>(2 * watch.pause, kMaxPause);
  if (status && hooks_.on_refused) hooks_.on_refused(spawn);
}

std::string HttpReadiness::reason(core::SpawnId spawn) const {
  const auto found = watches_.find(spawn);
  if (found == watches_.end()) return "";
  return fmt::format("{}{}", found->second->asked, found->second->seen);
}

}  // namespace superd::daemon
