#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/spec.h"
#include "core/worker_ref.h"
#include "daemon/http_probe.h"
#include "loop/loop.h"

namespace superd::daemon {

// ready.when = "http": asks a starting spawn on its private socket until it gives an answer that
// counts. One request at a time, each as HttpProbe has it; after one that failed a pause of
// kMinPause, which doubles up to kMaxPause.
class HttpReadiness {
 public:
  static constexpr std::chrono::milliseconds kMinPause{50};
  static constexpr std::chrono::milliseconds kMaxPause{500};

  // Both from the loop; after on_ready the watch has ended.
  struct Hooks {
    std::function<void(core::SpawnId)> on_ready;
    std::function<void(core::SpawnId)> on_refused{};  // an answer that does not count, each time
  };

  HttpReadiness(loop::Loop& loop, Hooks hooks);
  ~HttpReadiness();
  HttpReadiness(const HttpReadiness&) = delete;
  HttpReadiness& operator=(const HttpReadiness&) = delete;

  // `socket`: the private one, listening; only its address is taken. `limit`: for one request.
  void watch(core::SpawnId spawn, int socket, const core::HttpSpec& http,
             std::chrono::milliseconds limit = HttpProbe::kLimit);
  void unwatch(core::SpawnId spawn);
  // What the last request came to: `GET /healthz on 127.0.0.1:43211 answered 500`, `…: no answer
  // within 2s`; empty: not watched.
  [[nodiscard]] std::string reason(core::SpawnId spawn) const;

 private:
  struct Watch;
  void ask(Watch& watch);
  void on_answer(core::SpawnId spawn, std::optional<int> status, const std::string& what);

  loop::Loop& loop_;
  Hooks hooks_;
  std::map<core::SpawnId, std::unique_ptr<Watch>> watches_;
};

}  // namespace superd::daemon
