#include "harness/deploy.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include <unistd.h>

namespace superd::scenario {
namespace {

namespace fs = std::filesystem;

std::string program(Runner runner) {
  switch (runner) {
    case Runner::gunicorn_sync:
    case Runner::gunicorn_gthread:
    case Runner::gunicorn_preload:
      return "/usr/bin/gunicorn";
    case Runner::uwsgi:
      return "/usr/bin/uwsgi";
    case Runner::uvicorn:
      return "/usr/bin/uvicorn";
  }
  std::abort();
}

// The words after the program, as in a config.
std::string arguments(Runner runner) {
  switch (runner) {
    case Runner::gunicorn_sync:
      return R"("--workers", "2", "--timeout", "0", "shop:wsgi")";
    case Runner::gunicorn_gthread:
      return R"("--workers", "1", "-k", "gthread", "--threads", "4", "shop:wsgi")";
    case Runner::gunicorn_preload:
      return R"("--workers", "2", "--preload", "shop:wsgi")";
    case Runner::uwsgi:
      return R"("--plugin", "python3", "--module", "shop:wsgi", "--need-app",
           "--http-socket", "fd://3", "--master", "--processes", "2",
           "--hook-master-start", "unix_signal:15 gracefully_kill_them_all")";
    case Runner::uvicorn:
      return R"("--fd", "3", "--log-level", "warning", "shop:asgi")";
  }
  std::abort();
}

}  // namespace

Releases::Releases(const Site& site) : site_(site) { deploy("1"); }

void Releases::make(const std::string& name, const std::string& behaviour) const {
  const fs::path release = site_.path("releases/" + name);
  fs::create_directories(release);
  fs::copy_file(programs().apps + "/shop.py", release / "shop.py",
                fs::copy_options::overwrite_existing);
  site_.write("releases/" + name + "/VERSION", name);
  site_.write("releases/" + name + "/BEHAVIOUR", behaviour);
}

void Releases::switch_to(const std::string& name) const {
  const std::string draft = site_.path("current.new");
  fs::create_directory_symlink("releases/" + name, draft);
  fs::rename(draft, site_.path("current"));
}

void Releases::deploy(const std::string& name, const std::string& behaviour) const {
  make(name, behaviour);
  switch_to(name);
}

const char* name(Runner runner) {
  switch (runner) {
    case Runner::gunicorn_sync:
      return "gunicorn sync";
    case Runner::gunicorn_gthread:
      return "gunicorn gthread";
    case Runner::gunicorn_preload:
      return "gunicorn --preload";
    case Runner::uwsgi:
      return "uwsgi";
    case Runner::uvicorn:
      return "uvicorn";
  }
  std::abort();
}

bool installed(Runner runner) { return ::access(program(runner).c_str(), X_OK) == 0; }

const char* name(Socket socket) {
  switch (socket) {
    case Socket::tcp:
      return "tcp";
    case Socket::unix_path:
      return "unix";
  }
  std::abort();
}

std::string config(const Shop& shop) {
  const std::string listen = shop.socket == Socket::tcp ? "@ADDRESS@" : "unix:@DIR@/web.sock";
  return "\n[group.web]\ncommand   = [\"" + program(shop.runner) + "\", " + arguments(shop.runner) +
         "]\nworkers   = " + std::to_string(shop.workers) + "\nlisten    = [\"" + listen +
         "\"]\ndirectory = \"" + shop.directory +
         "\"\nenv       = { PYTHONDONTWRITEBYTECODE = \"1\" }\n" + shop.more;
}

void change(const Site& site, const std::string& old, const std::string& by) {
  std::string text = site.read("superd.toml");
  const auto at = text.find(old);
  REQUIRE(at != std::string::npos);
  site.write("superd.toml", text.replace(at, old.size(), by));
}

nlohmann::json roll(const Site& site, std::uint64_t id) {
  const Reply reply = get("unix:" + site.control(), "/v1/rolls/" + std::to_string(id));
  if (reply.status != 200) return {};
  return nlohmann::json::parse(reply.body, nullptr, false);
}

Outcome restart_web(const Site& site) {
  return run({programs().superctl, "-s", site.control(), "restart", "web"}, {.limit = 240s});
}

std::uint64_t begin_restart(const Site& site, const std::string& name) {
  const Outcome outcome = site.ctl({"restart", name, "--no-wait"});
  return outcome.exit == 0 ? std::stoull(outcome.out) : 0;
}

nlohmann::json await_end(const Site& site, std::uint64_t id) {
  nlohmann::json now;
  wait_until(240s, [&] {
    now = roll(site, id);
    return !now.is_object() || now.at("state") != "running";
  });
  return now;
}

std::vector<std::string> steps(const nlohmann::json& roll) {
  std::vector<std::string> words;
  if (!roll.is_object()) return words;
  for (const nlohmann::json& step : roll.at("steps")) {
    const std::string kind = step.at("kind");
    const std::string worker = step.at("worker");
    words.push_back(worker.empty() ? kind : worker + " " + kind);
  }
  return words;
}

bool in_order(const std::vector<std::string>& steps, const std::string& before,
              const std::string& after) {
  const auto first = std::find(steps.begin(), steps.end(), before);
  return first != steps.end() && std::find(first, steps.end(), after) != steps.end();
}

std::string address(const Site& site, Socket socket) {
  return socket == Socket::tcp ? site.address() : site.expand("unix:@DIR@/web.sock");
}

LoadOptions load_on(const Site& site, Socket socket) {
  LoadOptions options;
  options.addresses = {address(site, socket)};
  return options;
}

}  // namespace superd::scenario
