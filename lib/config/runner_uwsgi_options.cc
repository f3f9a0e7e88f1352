#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "config/runner_uwsgi.h"

namespace superd::config {
namespace {

struct ShortName {
  std::string_view letter;
  std::string_view name;
};
constexpr ShortName kShortNames[] = {{"-M", "master"}, {"-p", "processes"}, {"-L", "lazy"},
                                     {"-s", "socket"}, {"-d", "daemonize"}, {"-w", "module"}};

// Options that bring a master along without saying so, by their beginnings.
constexpr std::array<std::string_view, 9> kBringMaster = {
    "cheaper", "touch-", "cron", "spooler", "mule", "idle", "attach-daemon", "smart-attach-daemon",
    "py-auto"};

constexpr std::array<std::string_view, 6> kSockets = {
    "socket", "uwsgi-socket", "http-socket", "http11-socket", "fastcgi-socket", "scgi-socket"};

constexpr std::string_view kVariable = "UWSGI_";

bool is_off(std::string_view value) {
  return value == "false" || value == "off" || value == "no" || value == "0";
}

bool is_other_config(std::string_view name) {
  return name == "yaml" || name == "yml" || name == "json" || name == "xml" || name == "config" ||
         name == "emperor";
}

}  // namespace

UwsgiOptions::UwsgiOptions(const RunnerLine& line) {
  read_variables(line);
  read_words(line);
}

void UwsgiOptions::read_variables(const RunnerLine& line) {
  for (const auto* list : {&line.group.env, &line.program.env}) {
    for (const core::EnvEntry& entry : *list) {
      if (!entry.name.starts_with(kVariable)) continue;
      std::string name = entry.name.substr(kVariable.size());
      std::transform(name.begin(), name.end(), name.begin(), [](char c) {
        return c == '_' ? '-' : c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
      });
      if (name == "ini") {
        read_file(line, entry.value, line.program.word);
      } else {
        given_.push_back(
            {.name = std::move(name), .value = entry.value, .word = line.program.word});
      }
    }
  }
}

void UwsgiOptions::read_words(const RunnerLine& line) {
  const std::vector<std::string>& words = line.options.words();
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    const std::size_t place = line.options.place(i);
    std::string name;
    std::string value;
    if (word.starts_with("--")) {
      const auto equals = word.find('=');
      name = word.substr(2, equals == std::string::npos ? equals : equals - 2);
      if (equals != std::string::npos) value = word.substr(equals + 1);
    } else if (word.starts_with("-")) {
      const auto* const known =
          std::find_if(std::begin(kShortNames), std::end(kShortNames),
                       [&](const ShortName& entry) { return word.starts_with(entry.letter); });
      if (known == std::end(kShortNames)) continue;
      name = known->name;
      value = word.substr(2);
    } else {
      // The value of an option, or a file.
      if (word.find(".ini") != std::string::npos) read_file(line, word, place);
      continue;
    }
    const bool has_next = i + 1 < words.size() && !words[i + 1].starts_with("-");
    if (value.empty() && has_next) value = words[i + 1];
    if (name == "ini" && value.find(".ini") == std::string::npos) read_file(line, value, place);
    if (name == "ini" && word.find('=') != std::string::npos) read_file(line, value, place);
    if (is_other_config(name)) unread_ = fmt::format("{}: superd reads ini files alone", value);
    given_.push_back({.name = std::move(name), .value = std::move(value), .word = place});
  }
}

void UwsgiOptions::read_file(const RunnerLine& line, const std::string& file, std::size_t word) {
  // `app.ini:staging` means one section of it.
  const auto colon = file.rfind(".ini:");
  const std::string section = colon == std::string::npos ? "uwsgi" : file.substr(colon + 5);
  const std::string path = colon == std::string::npos ? file : file.substr(0, colon + 4);
  const auto settings = line.file(path);
  if (!settings) {
    unread_ = fmt::format("{}: {}", path, settings.error().message);
    return;
  }
  for (const FileSetting& setting : *settings) {
    if (setting.section != section) continue;
    given_.push_back({.name = setting.key, .value = setting.value, .word = word});
  }
}

const UwsgiOptions::Given* UwsgiOptions::on(std::string_view name) const {
  const auto found = std::find_if(given_.rbegin(), given_.rend(),
                                  [&](const Given& given) { return given.name == name; });
  return found == given_.rend() || is_off(found->value) ? nullptr : &*found;
}

const UwsgiOptions::Given* UwsgiOptions::on_any(
    std::initializer_list<std::string_view> names) const {
  for (const std::string_view name : names) {
    if (const Given* given = on(name)) return given;
  }
  return nullptr;
}

std::vector<const UwsgiOptions::Given*> UwsgiOptions::all(std::string_view name) const {
  std::vector<const Given*> found;
  for (const Given& given : given_) {
    if (given.name == name) found.push_back(&given);
  }
  return found;
}

bool UwsgiOptions::has_master() const {
  if (on("master") != nullptr) return true;
  return std::any_of(given_.begin(), given_.end(), [](const Given& given) {
    return std::any_of(kBringMaster.begin(), kBringMaster.end(),
                       [&](std::string_view name) { return given.name.starts_with(name); });
  });
}

std::vector<const UwsgiOptions::Given*> UwsgiOptions::sockets() const {
  std::vector<const Given*> found;
  for (const Given& given : given_) {
    if (std::find(kSockets.begin(), kSockets.end(), given.name) != kSockets.end()) {
      found.push_back(&given);
    }
  }
  return found;
}

std::optional<int> UwsgiOptions::hooked_signal() const {
  constexpr std::string_view kSignal = "unix_signal:";
  for (const Given* hook : all("hook-master-start")) {
    if (hook->value.find("gracefully_kill_them_all") == std::string::npos) continue;
    const auto at = hook->value.find(kSignal);
    if (at == std::string::npos) continue;
    int signal = 0;
    const char* begin = hook->value.data() + at + kSignal.size();
    const auto [end, error] =
        std::from_chars(begin, hook->value.data() + hook->value.size(), signal);
    constexpr int kLastSignal = 64;
    if (error == std::errc() && signal > 0 && signal <= kLastSignal) return signal;
  }
  return std::nullopt;
}

}  // namespace superd::config
