#pragma once

#include <cstddef>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/runner.h"
#include "config/runner_words.h"

// A runner's command line as its preset sees it: its options, its environment, and the plain lines
// of the files that it is configured by.
namespace superd::config {

// One option as given, and the word of the command that it stands in.
struct GivenOption {
  std::string value;  // empty for a flag
  std::size_t word = 0;
};

// `--name value`, `--name=value`, `-n value`, `-nvalue`. Which options take a value is the business
// of whoever asks.
class RunnerOptions {
 public:
  RunnerOptions() = default;
  RunnerOptions(std::vector<std::string> words, std::vector<std::size_t> places)
      : words_(std::move(words)), places_(std::move(places)) {}

  // What stands in front of the command line: that of an environment variable.
  void prepend(const std::vector<std::string>& words, std::size_t place);

  using Names = std::initializer_list<std::string_view>;
  // Options with a value, in their order.
  [[nodiscard]] std::vector<GivenOption> all(Names names) const;
  // The last of them, which is the one that counts.
  [[nodiscard]] std::optional<GivenOption> last(Names names) const;
  // A flag.
  [[nodiscard]] std::optional<GivenOption> flag(Names names) const;

  [[nodiscard]] const std::vector<std::string>& words() const { return words_; }
  [[nodiscard]] std::size_t place(std::size_t index) const { return places_[index]; }

 private:
  std::vector<std::string> words_;
  std::vector<std::size_t> places_;
};

// `key = value`, `key: value`, `key value` of a config file, in its order.
struct FileSetting {
  std::string key;
  std::string value;    // without quotes around it and a comma behind it
  std::string section;  // `uwsgi` below `[uwsgi]`
};
// What can be read without understanding the file's language: comments (`#`, `;`) and everything
// that is indented are left out.
std::vector<FileSetting> plain_settings(std::string_view text);
// The last one of that name, without regard to case; nullptr: none.
const FileSetting* find_setting(const std::vector<FileSetting>& settings, std::string_view key);

struct RunnerLine {
  const core::GroupSpec& group;
  FoundProgram program;
  RunnerOptions options;
  const ReadText& read;

  // Of `env` or of a wrapper; with placeholders as written.
  [[nodiscard]] std::optional<std::string> variable(std::string_view name) const;
  // A file by its name in the command: relative to the group's directory. Fails where that is not
  // known before a start, or the file cannot be read.
  [[nodiscard]] Result<std::vector<FileSetting>> file(const std::string& name) const;
  // Whether it has to take the sockets by itself: there are some, and no library hands them over.
  [[nodiscard]] bool must_inherit() const { return !group.listen.empty() && !group.socket_shim; }
};

// `30`, `2.5`, `30s`, `5m`: seconds unless they say otherwise.
std::optional<core::Duration> parse_seconds(std::string_view text);

// A bind address that names an inherited descriptor: `fd://3`, `fd://{fd:socket}`, `fd@3`.
bool is_descriptor_address(std::string_view address);

}  // namespace superd::config
