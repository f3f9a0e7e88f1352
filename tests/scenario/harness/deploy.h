#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "harness/load.h"
#include "harness/superd.h"

namespace superd::scenario {

// Releases of tests/fakes/apps/shop.py below a site: releases/NAME, and `current`, a symlink that
// is switched from one to the other as deploys do.
class Releases {
 public:
  // Makes the release `1` and points `current` to it.
  explicit Releases(const Site& site);

  // A release with that version; each line of `behaviour` as shop.py says.
  void make(const std::string& name, const std::string& behaviour = "") const;
  // Atomically, by a rename.
  void switch_to(const std::string& name) const;
  // Both.
  void deploy(const std::string& name, const std::string& behaviour = "") const;

 private:
  const Site& site_;
};

// The runners that RUNNERS' table calls clean in a roll.
enum class Runner { gunicorn_sync, gunicorn_gthread, gunicorn_preload, uwsgi, uvicorn };
const char* name(Runner runner);
// Whether it is installed; the reason to skip when not.
bool installed(Runner runner);

enum class Socket { tcp, unix_path };
const char* name(Socket socket);
// The test runs once with each.
inline Socket any_socket() { return GENERATE(Socket::tcp, Socket::unix_path); }

struct Shop {
  Runner runner = Runner::gunicorn_sync;
  Socket socket = Socket::tcp;
  int workers = 2;
  std::string more{};  // further lines of [group.web]
  std::string directory = "@DIR@/current";
};
// The config of group `web`, which serves shop.py; superd itself sees when it is ready.
std::string config(const Shop& shop);
// In the config as it stands; the test fails where `old` is not in it.
void change(const Site& site, const std::string& old, const std::string& by);
// `GET /v1/rolls/{id}`; null when there is no such roll.
nlohmann::json roll(const Site& site, std::uint64_t id);
// `superctl restart web` run to its end, on a machine however busy.
Outcome restart_web(const Site& site);
// `superctl restart … --no-wait`: the roll's id.
std::uint64_t begin_restart(const Site& site, const std::string& name = "web");
// Waits until the roll is over; the roll as it is then.
nlohmann::json await_end(const Site& site, std::uint64_t id);
// `web.1 ready` … in the order in which they happened; the steps of the roll as a whole have no
// name.
std::vector<std::string> steps(const nlohmann::json& roll);
// Whether `before` happened earlier than `after`, and both did.
bool in_order(const std::vector<std::string>& steps, const std::string& before,
              const std::string& after);

// Where it is to be reached.
std::string address(const Site& site, Socket socket);
// A load on it that a shop of two workers carries with ease, the slow requests included.
LoadOptions load_on(const Site& site, Socket socket = Socket::tcp);

}  // namespace superd::scenario
