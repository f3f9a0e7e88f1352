#include "harness/examples.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <stdexcept>

#include <unistd.h>

namespace superd::scenario {
namespace {

namespace fs = std::filesystem;

std::string read(const Example& example) {
  std::ifstream stream(programs().runners + "/" + example.name + ".toml");
  if (!stream) throw std::runtime_error("there is no example " + example.name);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

// Every one of them; false: there is none.
bool replace(std::string& text, const std::string& from, const std::string& to) {
  std::size_t at = text.find(from);
  if (at == std::string::npos) return false;
  for (; at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
  return true;
}

Protocol protocol(const Example& example) {
  if (example.name == "uwsgi-protocol") return Protocol::uwsgi;
  return example.name == "php-fpm" ? Protocol::fastcgi : Protocol::http;
}

}  // namespace

std::string missing(const Example& example) {
  const std::string text = read(example);
  // The programs, and what the launchers and the Python runners import.
  std::vector<std::string> files;
  const std::regex quoted("\"(/usr/s?bin/[^\"]+)\"");
  for (std::sregex_iterator it(text.begin(), text.end(), quoted), end; it != end; ++it) {
    files.push_back((*it)[1]);
  }
  const std::string python = "/usr/lib/python3/dist-packages/";
  for (const char* module : {"gevent", "waitress", "cheroot", "uvicorn"}) {
    if (text.find(std::string("superd-") + module) != std::string::npos ||
        text.find(std::string("\"") + module) != std::string::npos) {
      files.push_back(python + module);
    }
  }
  if (example.name == "uwsgi" || example.name.rfind("uwsgi-", 0) == 0) {
    files.emplace_back("/usr/lib/uwsgi/plugins/python3_plugin.so");
  }
  if (example.name == "mod_wsgi") files.emplace_back("/usr/lib/apache2/modules/mod_wsgi.so");
  for (const std::string& file : files) {
    if (::access(file.c_str(), F_OK) != 0) return file;
  }
  return "";
}

std::string config(const Example& example) {
  std::string text = read(example);
  for (const auto& [from, to] : example.changes) {
    if (!replace(text, from, to)) throw std::runtime_error(example.name + " has no " + from);
  }
  replace(text, "/usr/local/share/superd/runners", programs().runners);
  const std::string address = example.socket == Socket::tcp ? "@ADDRESS@" : "unix:@DIR@/web.sock";
  if (!replace(text, "127.0.0.1:8000", address)) throw std::runtime_error("it has another address");
  return text;
}

LoadOptions load_on(const Site& site, const Example& example) {
  LoadOptions options = load_on(site, example.socket);
  options.per_second = 50;
  options.slow = std::chrono::milliseconds(500);
  options.protocol = protocol(example);
  options.script = site.path("sample/index.php");
  return options;
}

SampleReleases::SampleReleases(const Site& site) : site_(site) { deploy("1"); }

void SampleReleases::deploy(const std::string& name) const {
  make(name);
  switch_to(name);
}

void SampleReleases::deploy_broken(const std::string& name, const std::string& file,
                                   const std::string& text) const {
  make(name);
  site_.write("releases/" + name + "/" + file, text);
  switch_to(name);
}

void SampleReleases::make(const std::string& name) const {
  const fs::path release = site_.path("releases/" + name);
  fs::create_directories(release);
  fs::copy(programs().runners + "/sample", release);
}

void SampleReleases::switch_to(const std::string& name) const {
  const std::string draft = site_.path("sample.new");
  fs::create_directory_symlink("releases/" + name, draft);
  fs::rename(draft, site_.path("sample"));
}

}  // namespace superd::scenario
