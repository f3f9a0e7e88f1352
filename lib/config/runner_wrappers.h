#pragma once

#include <span>
#include <string_view>

namespace superd::config {

// A program that runs the rest of its command line.
struct Wrapper {
  enum class Stays {
    no,          // replaced by the program: what superd signals is the program itself
    passes_on,   // remains in front, hands signals on
    in_the_way,  // remains in front, and not every signal reaches the program
  };

  std::string_view name;
  std::string_view subcommand{};  // `run` of `poetry run`; empty: none
  std::string_view with_value{};  // options whose value is the next word: ` -n --adjustment `
  int operands = 0;               // words of its own before the program
  Stays stays = Stays::no;
};

// By the name without a path; nullptr: none. `env`, shells and interpreters are not among them.
const Wrapper* find_wrapper(std::string_view name);

}  // namespace superd::config
