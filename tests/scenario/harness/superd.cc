#include "harness/superd.h"

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <map>
#include <set>
#include <sstream>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#define CATCH_CONFIG_EXTERNAL_INTERFACES
#include <catch2/catch.hpp>

namespace superd::scenario {
namespace {

// The log of the last superd, for a test that failed.
std::string& last_log() {
  static std::string text;
  return text;
}

// Takes on the mode before the first test, and shows superd's log after a failed one.
struct Listener : Catch::TestEventListenerBase {
  using TestEventListenerBase::TestEventListenerBase;
  void testRunStarting(const Catch::TestRunInfo& /*info*/) override { enter_mode(); }
  void testCaseStarting(const Catch::TestCaseInfo& /*info*/) override { last_log().clear(); }
  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    if (stats.totals.assertions.allOk() || last_log().empty()) return;
    std::cout << "---- the log of superd ----\n" << last_log() << "----\n";
  }
};
CATCH_REGISTER_LISTENER(Listener)

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (std::size_t at = text.find(from); at != std::string::npos;
       at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

UniqueFd open_log(const std::string& path) {
  return UniqueFd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
}

std::vector<std::string> followed_by(std::vector<std::string> words,
                                     const std::vector<std::string>& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

std::vector<pid_t> numbers(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<pid_t>(stream), std::istream_iterator<pid_t>()};
}

}  // namespace

Site::Site(const std::string& config) : address_("127.0.0.1:" + std::to_string(free_port())) {
  const bool has_table = config.find("[superd]") != std::string::npos;
  write("superd.toml",
        (has_table ? ""
                   : "[superd]\nruntime_dir = \"@DIR@/run\"\nlog_dir = \"@DIR@/log\"\n"
                     "log_level = \"debug\"\n") +
            config);
}

Site::~Site() {
  last_log() += read("superd.log") + read("log/superd.log");
  for (const pid_t pid : take_leftovers()) FAIL_CHECK("superd left process " << pid << " behind");
}

std::vector<pid_t> Site::take_leftovers() {
  std::vector<pid_t> left;
  // Those of a dead parent come up one generation a turn.
  for (std::vector<pid_t> here = proc::children(::getpid()); !here.empty();
       here = proc::children(::getpid())) {
    for (const pid_t pid : here) {
      if (proc::alive(pid)) left.push_back(pid);
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
  }
  return left;
}

std::string Site::expand(std::string text) const {
  replace_all(text, "@DIR@", dir());
  replace_all(text, "@ADDRESS@", address_);
  replace_all(text, "@PORT@", address_.substr(address_.rfind(':') + 1));
  replace_all(text, "@WORKER@", programs().worker);
  replace_all(text, "@APPS@", programs().apps);
  return text;
}

void Site::write(const std::string& name, const std::string& text) const {
  std::ofstream(path(name), std::ios::binary) << expand(text);
}

std::string Site::read(const std::string& name) const {
  std::ifstream stream(path(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

Outcome Site::ctl(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {programs().superctl, "-s", control()});
  return run(arguments);
}

nlohmann::json Site::json(std::vector<std::string> arguments) const {
  arguments.emplace_back("--json");
  return nlohmann::json::parse(ctl(std::move(arguments)).out, nullptr, false);
}

Outcome Site::superd(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {programs().superd, "-c", config()});
  return run(arguments);
}

nlohmann::json Site::group(const std::string& name) const {
  const nlohmann::json status = json({"status"});
  if (!status.is_object()) return {};
  for (const nlohmann::json& group : status.at("groups")) {
    if (group.at("name") == name) return group;
  }
  return {};
}

nlohmann::json Site::worker(const std::string& name) const {
  const nlohmann::json found = group(name.substr(0, name.find('.')));
  if (!found.is_object()) return {};
  for (const nlohmann::json& worker : found.at("workers")) {
    if (worker.at("name") == name) return worker;
  }
  return {};
}

std::string Site::state(const std::string& name) const {
  const nlohmann::json found = name.find('.') == std::string::npos ? group(name) : worker(name);
  return found.is_object() ? found.at("state").get<std::string>() : "";
}

bool Site::reaches(const std::string& name, const std::string& wanted,
                   std::chrono::milliseconds limit) const {
  return wait_until(limit, [&] { return state(name) == wanted; });
}

std::vector<pid_t> Site::pids(const std::string& name) const {
  return numbers(ctl({"pids", name}).out);
}

std::vector<pid_t> Site::main_pids(const std::string& name) const {
  return numbers(ctl({"pids", name, "--main"}).out);
}

pid_t Site::main_pid(const std::string& name) const {
  const nlohmann::json found = worker(name);
  return found.is_object() && found.at("pid").is_number() ? found.at("pid").get<pid_t>() : -1;
}

std::vector<std::string> Site::misnamed() const {
  std::vector<std::string> wrong;
  std::set<pid_t> known;
  std::map<std::string, std::string> generations;
  const nlohmann::json status = json({"status"});
  for (const nlohmann::json& group : status.at("groups")) {
    for (const pid_t pid : pids(group.at("name"))) known.insert(pid);
    for (const nlohmann::json& worker : group.at("workers")) {
      const std::string name = worker.at("name");
      generations[name] = worker.at("generation").dump();
      if (!worker.at("pid").is_number()) continue;
      const pid_t main = worker.at("pid");
      known.insert(main);
      if (proc::environment(main)["SUPERD_WORKER"] != name) {
        wrong.push_back("process " + std::to_string(main) + " does not think that it is " + name);
      }
    }
  }
  std::set<pid_t> all = known;
  for (const pid_t pid : proc::marked(dir())) all.insert(pid);
  for (const pid_t pid : all) {
    auto variables = proc::environment(pid);
    const std::string& name = variables["SUPERD_WORKER"];
    const std::string& generation = variables["SUPERD_GENERATION"];
    if (known.contains(pid) && generations[name] == generation) continue;
    wrong.push_back(
        "process " + std::to_string(pid) + " (" + proc::command(pid) + ") of " + name +
        ", generation " + generation +
        (known.contains(pid) ? ", which is " + generations[name] : ", which superd does not know"));
  }
  return wrong;
}

bool Site::has_cgroups() const {
  const nlohmann::json status = json({"status"});
  return status.is_object() &&
         status.at("superd").at("tracking").get<std::string>().rfind("cgroup", 0) == 0;
}

Superd::Superd(Site& site, Await await, std::vector<std::string> under)
    : site_(site),
      log_(open_log(site.path("superd.log"))),
      program_(followed_by(std::move(under), {programs().superd, "-c", site.config()}),
               {.env = {}, .directory = "", .out = log_.get(), .err = log_.get()}) {
  if (await == Await::nothing) return;
  wait_until(kSoon, [this] { return program_.ended() || site_.ctl({"ping"}).exit == 0; });
}

Superd::~Superd() {
  if (!end()) FAIL_CHECK("superd does not end after TERM");
}

std::optional<int> Superd::end() {
  program_.signal(SIGTERM);
  return program_.wait(60s);
}

std::optional<int> Superd::end_at_once() {
  // Two signals that are pending at the same time are one.
  wait_until(60s, [this] {
    program_.signal(SIGTERM);
    return program_.ended().has_value();
  });
  return program_.ended();
}

bool Superd::kill_supervisor() const {
  const pid_t supervisor = this->supervisor();
  if (supervisor <= 0 || ::kill(supervisor, SIGKILL) != 0) return false;
  const auto another = [&] { return this->supervisor() > 0 && this->supervisor() != supervisor; };
  return wait_until(kSoon, another) &&
         wait_until(kSoon, [&] { return site_.ctl({"ping"}).exit == 0; });
}

pid_t Superd::role(const std::string& name) const {
  for (const pid_t pid : proc::children(keeper())) {
    if (proc::command(pid).find("superd: " + name) != std::string::npos && proc::alive(pid))
      return pid;
  }
  return -1;
}

}  // namespace superd::scenario
