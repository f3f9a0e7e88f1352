#include "config/runner_words.h"

#include <algorithm>
#include <iterator>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "config/runner_wrappers.h"

namespace superd::config {
namespace {

struct Word {
  std::string text;
  std::size_t place = 0;  // the word of the command that it stands in
};
using Words = std::vector<Word>;

struct Known {
  std::string_view name;
  Runner runner;
};

// Programs, by their names without a path and without a version at the end.
constexpr Known kPrograms[] = {
    {"gunicorn", Runner::gunicorn},
    {"uwsgi", Runner::uwsgi},
    {"uwsgi-core", Runner::uwsgi},
    {"uwsgi_python", Runner::uwsgi},
    {"pyuwsgi", Runner::uwsgi},
    {"waitress-serve", Runner::waitress},
    {"waitress-serve-python", Runner::waitress},
    {"uvicorn", Runner::uvicorn},
    {"hypercorn", Runner::hypercorn},
    {"cheroot", Runner::cheroot},
    {"apache", Runner::mod_wsgi},
    {"httpd", Runner::mod_wsgi},
    {"apachectl", Runner::mod_wsgi},
    {"apache2ctl", Runner::mod_wsgi},
    {"mod_wsgi-express", Runner::mod_wsgi},
    {"daphne", Runner::daphne},
    {"twist", Runner::twist},
    {"twistd", Runner::twist},
    {"puma", Runner::puma},
    {"unicorn", Runner::unicorn},
    {"unicorn_rails", Runner::unicorn},
    {"php-fpm", Runner::php_fpm},
    {"node", Runner::node},
    {"nodejs", Runner::node},
};

// What `python3 -m` runs.
constexpr Known kModules[] = {
    {"gunicorn", Runner::gunicorn},   {"gunicorn.app.wsgiapp", Runner::gunicorn},
    {"waitress", Runner::waitress},   {"uvicorn", Runner::uvicorn},
    {"hypercorn", Runner::hypercorn}, {"cheroot", Runner::cheroot},
    {"daphne", Runner::daphne},       {"twisted", Runner::twist},
};

template <std::size_t N>
Runner find_in(const Known (&known)[N], std::string_view name) {
  const auto* const found = std::find_if(std::begin(known), std::end(known),
                                         [&](const Known& entry) { return entry.name == name; });
  return found == std::end(known) ? Runner::none : found->runner;
}

std::string_view base_name(std::string_view path) {
  const auto slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// `python3.11` -> `python`, `php-fpm8.2` -> `php-fpm`.
std::string_view without_version(std::string_view name) {
  auto end = name.size();
  while (end > 0 && (is_digit(name[end - 1]) || name[end - 1] == '.')) --end;
  if (end == 0 || end == name.size()) return name;
  if (end > 1 && name[end - 1] == '-') --end;
  return name.substr(0, end);
}

// `gunicorn` of `/venv/bin/gunicorn3`; `php8.2-fpm` is written otherwise than its like.
std::string compared_name(std::string_view path) {
  const std::string_view base = base_name(path);
  if (base.starts_with("php") && base.ends_with("-fpm")) return "php-fpm";
  // A control script, no version of `apache`.
  if (base == "apache2ctl") return std::string(base);
  return std::string(without_version(base));
}

bool is_python(std::string_view name) { return name == "python" || name == "pypy"; }
bool is_ruby(std::string_view name) { return name == "ruby" || name == "jruby"; }
bool is_shell(std::string_view name) {
  return name == "sh" || name == "bash" || name == "dash" || name == "zsh" || name == "ash" ||
         name == "ksh";
}

// superd's own launchers: a script whose name ends so, such as `superd_waitress.py`.
Runner launched_by(std::string_view script) {
  constexpr Known kLaunchers[] = {{"waitress", Runner::waitress}, {"cheroot", Runner::cheroot},
                                  {"uvicorn", Runner::uvicorn},   {"hypercorn", Runner::hypercorn},
                                  {"gevent", Runner::gevent},     {"wsgiref", Runner::wsgiref},
                                  {"node", Runner::node}};
  const std::string_view base = base_name(script);
  for (const Known& launcher : kLaunchers) {
    for (const std::string_view suffix : {"", ".py", ".js", ".mjs"}) {
      for (const std::string_view dash : {"-", "_"}) {
        if (base == fmt::format("superd{}{}{}", dash, launcher.name, suffix)) {
          return launcher.runner;
        }
      }
    }
  }
  return Runner::none;
}

bool is_assignment(std::string_view word) {
  const auto equals = word.find('=');
  return equals != std::string_view::npos && equals > 0;
}

// Walks along the words, program by program, up to the one that nothing is known to be behind.
class Walk {
 public:
  explicit Walk(std::span<const std::string> command) {
    for (std::size_t i = 0; i < command.size(); ++i) {
      words_.push_back({.text = command[i], .place = i});
    }
  }

  FoundProgram go() {
    while (at_ < words_.size() && step()) {
    }
    for (std::size_t i = at_; i < words_.size(); ++i) {
      found_.arguments.push_back(words_[i].text);
      found_.places.push_back(words_[i].place);
    }
    return std::move(found_);
  }

 private:
  [[nodiscard]] bool has_more() const { return at_ < words_.size(); }
  [[nodiscard]] const std::string& here() const { return words_[at_].text; }

  // Takes the word in hand as a program; true: another one is behind it.
  bool step() {
    const std::string word = here();
    const std::string name = compared_name(word);
    found_.name = name;
    found_.word = words_[at_].place;
    found_.shown = std::string(base_name(word));
    ++at_;
    if (name == "env") return skip_env();
    if (is_python(name)) return enter_python();
    if (is_ruby(name)) return enter_ruby();
    if (is_shell(name)) return enter_shell();
    if (const Wrapper* wrapper = find_wrapper(name)) return skip(*wrapper);
    found_.runner = launched_by(word);
    found_.is_launcher = found_.runner != Runner::none;
    if (!found_.is_launcher) found_.runner = find_in(kPrograms, name);
    if (found_.runner == Runner::node && !found_.is_launcher) enter_node();
    return false;
  }

  // The options of a program in front of another one. `with_value` as in Wrapper.
  void skip_options(std::string_view with_value) {
    while (has_more() && here().size() > 1 && here().front() == '-') {
      const std::string option = here();
      ++at_;
      if (option == "--") return;
      if (with_value.find(" " + option + " ") != std::string_view::npos && has_more()) ++at_;
    }
  }

  bool skip(const Wrapper& wrapper) {
    const std::size_t place = found_.word;
    skip_options(wrapper.with_value);
    if (!wrapper.subcommand.empty()) {
      if (!has_more() || here() != wrapper.subcommand) return false;
      ++at_;
      skip_options(wrapper.with_value);
    }
    for (int i = 0; i < wrapper.operands && has_more(); ++i) ++at_;
    if (has_more() && here() == "--") ++at_;
    if (wrapper.stays == Wrapper::Stays::in_the_way && !found_.in_front) {
      found_.in_front = InFront{.program = std::string(wrapper.name), .word = place};
    }
    return has_more();
  }

  bool skip_env() {
    while (has_more()) {
      const std::string word = here();
      if (word == "-S" || word == "--split-string") {
        ++at_;
        if (has_more()) split_here();
      } else if (word.starts_with("-")) {
        ++at_;
        const bool takes_next =
            word == "-u" || word == "--unset" || word == "-C" || word == "--chdir";
        if (takes_next && has_more()) ++at_;
      } else if (is_assignment(word)) {
        ++at_;
        const auto equals = word.find('=');
        found_.env.push_back({.name = word.substr(0, equals), .value = word.substr(equals + 1)});
      } else {
        return true;
      }
    }
    return false;
  }

  // Replaces the word in hand by the words that it holds.
  void split_here() {
    const auto parts = split_words(here());
    if (!parts) return;
    Words inner;
    for (const std::string& part : *parts) {
      inner.push_back({.text = part, .place = words_[at_].place});
    }
    const auto here_it = words_.begin() + static_cast<std::ptrdiff_t>(at_);
    const auto next = words_.erase(here_it);
    words_.insert(next, inner.begin(), inner.end());
  }

  bool enter_python() {
    // `-c CODE` runs no program; the letters of several options may stand in one word.
    while (has_more() && here().size() > 1 && here().front() == '-') {
      const std::string option = here();
      ++at_;
      if (option.starts_with("--")) continue;
      const auto letter = option.find_first_of("mcXWQ", 1);
      if (letter == std::string::npos) continue;
      const bool attached = letter + 1 < option.size();
      if (option[letter] == 'c') return false;
      if (option[letter] != 'm') {
        if (!attached && has_more()) ++at_;
        continue;
      }
      if (!attached && !has_more()) return false;
      const std::string module = attached ? option.substr(letter + 1) : here();
      if (!attached) found_.word = words_[at_++].place;
      return enter_module(module);
    }
    return enter_script();
  }

  bool enter_module(const std::string& module) {
    found_.runner = find_in(kModules, module);
    found_.shown = fmt::format("{} -m {}", found_.shown, module);
    found_.name = module;
    return false;
  }

  // The script of an interpreter, which may be another program in front.
  bool enter_script() {
    if (!has_more()) return false;
    const bool is_known = find_in(kPrograms, compared_name(here())) != Runner::none ||
                          launched_by(here()) != Runner::none ||
                          find_wrapper(compared_name(here())) != nullptr;
    if (is_known) return true;
    found_.shown = fmt::format("{} {}", found_.shown, base_name(here()));
    found_.name = base_name(here());
    return false;
  }

  bool enter_ruby() {
    skip_options(" -r -I -C -E ");
    return enter_script();
  }

  void enter_node() {
    std::size_t script = at_;
    while (script < words_.size() && words_[script].text.starts_with("-")) ++script;
    found_.is_launcher = script < words_.size() && launched_by(words_[script].text) != Runner::none;
  }

  // Only `exec PROGRAM` leaves no shell behind.
  bool enter_shell() {
    skip_options("");
    // The script itself, or what `-c` runs, is the first operand.
    if (!has_more()) return false;
    const std::string script = here();
    found_.through_shell = true;
    if (!script.starts_with("exec ") || script.find_first_of(";&|<>$`\n") != std::string::npos) {
      return false;
    }
    split_here();
    if (!has_more() || here() != "exec") return false;
    ++at_;
    found_.through_shell = false;
    return has_more();
  }

  Words words_;
  std::size_t at_ = 0;
  FoundProgram found_;
};

}  // namespace

FoundProgram find_program(std::span<const std::string> command) { return Walk(command).go(); }

std::optional<Runner> mentions_runner(const std::string& text) {
  constexpr std::string_view kBetween = " \t\n;&|()'\"";
  for (std::size_t at = 0; at < text.size();) {
    const auto begin = text.find_first_not_of(kBetween, at);
    if (begin == std::string::npos) break;
    const auto end = std::min(text.find_first_of(kBetween, begin), text.size());
    const std::string name = compared_name(std::string_view(text).substr(begin, end - begin));
    const Runner runner = find_in(kPrograms, name);
    if (runner != Runner::none) return runner;
    at = end;
  }
  return std::nullopt;
}

}  // namespace superd::config
