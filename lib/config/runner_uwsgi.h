#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/runner_line.h"

namespace superd::config {

// uWSGI's options, wherever they are written: command line, ini file, UWSGI_* variables.
class UwsgiOptions {
 public:
  struct Given {
    std::string name;
    std::string value;
    std::size_t word = 0;
  };

  explicit UwsgiOptions(const RunnerLine& line);

  // The ini file that could not be read, and why; empty: there was none, or it could be.
  [[nodiscard]] const std::string& unread() const { return unread_; }
  // An option that is on; one that is written as false is not.
  [[nodiscard]] const Given* on(std::string_view name) const;
  [[nodiscard]] const Given* on_any(std::initializer_list<std::string_view> names) const;
  [[nodiscard]] std::vector<const Given*> all(std::string_view name) const;
  [[nodiscard]] bool has_master() const;
  // What listens: `--http-socket`, `--socket` and so on.
  [[nodiscard]] std::vector<const Given*> sockets() const;
  // The signal that its hook makes a graceful stop: that of `unix_signal:15
  // gracefully_kill_them_all`.
  [[nodiscard]] std::optional<int> hooked_signal() const;

 private:
  void read_words(const RunnerLine& line);
  void read_variables(const RunnerLine& line);
  void read_file(const RunnerLine& line, const std::string& file, std::size_t word);

  std::vector<Given> given_;
  std::string unread_;
};

}  // namespace superd::config
