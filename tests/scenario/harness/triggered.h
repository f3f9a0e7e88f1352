#pragma once

#include <string>

#include "harness/superd.h"

// What the tests of triggers share: a group `web` of one fast worker, and what came of a change.
namespace superd::scenario {

// A group of one fast worker; `more` are further lines of it.
inline std::string web(const std::string& more, const std::string& directory = "@DIR@") {
  return R"(
[group.web]
command = ["@WORKER@", "tick"]
directory = ")" +
         directory + R"("
ready = { when = "delay", delay = "10ms" }
stop = { timeout = "5s" }
)" + more;
}

inline std::string trigger(const std::string& keys) {
  return "[[group.web.trigger]]\n" + keys + "\n";
}

inline int generation(const Site& site) { return site.group("web").at("generation").get<int>(); }
// That no roll goes on, and this generation is in force.
inline bool settles_at(const Site& site, int wanted) {
  return wait_until(kSoon, [&] {
    const nlohmann::json group = site.group("web");
    return group.at("state") == "running" && group.at("generation") == wanted;
  });
}
inline bool logs(const Superd& superd, const std::string& text) {
  return wait_until(kSoon, [&] { return superd.log().find(text) != std::string::npos; });
}
inline int times_in(const std::string& text, const std::string& part) {
  int times = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++times;
  return times;
}

}  // namespace superd::scenario
