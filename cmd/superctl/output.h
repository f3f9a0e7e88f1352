#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "client/table.h"
#include "client/tree.h"

namespace superd::superctl {

// Where superctl writes: data to stdout, talk to stderr. With -q stdout stays empty.
class Output {
 public:
  enum class Mode { normal, quiet };

  explicit Output(Mode mode);

  // Data, kept until flush(); whoever reads it may go away at any time, which is no error.
  void print(std::string_view text);
  void print_line(std::string_view line);
  // Whether any data was printed.
  [[nodiscard]] bool has_printed() const { return has_printed_; }
  // Everything printed so far leaves. Fails where stdout takes no more (a full disk).
  Status flush();
  // Whoever read stdout has gone away, as the last flush() found.
  [[nodiscard]] bool reader_gone() const;
  // One line to stderr, `superctl: …`.
  void complain(std::string_view message);
  // One line to stderr as it is: what a worker did and wrote.
  void tell(std::string_view line);
  // One line on the terminal that the next one replaces, for the time of a wait; an empty one
  // removes it. Nothing where stderr is no terminal or with -q.
  void progress(std::string_view line);

  [[nodiscard]] bool shows_progress() const { return shows_progress_; }
  [[nodiscard]] bool to_terminal() const { return to_terminal_; }
  // Whether what was printed can be replaced: stdout is a terminal that moves its cursor.
  [[nodiscard]] bool redraws() const { return redraws_; }
  [[nodiscard]] client::Colour colour() const { return colour_; }
  [[nodiscard]] client::LineStyle line_style() const { return line_style_; }

 private:
  Mode mode_;
  bool to_terminal_;
  bool redraws_;
  bool shows_progress_;
  client::Colour colour_;
  client::LineStyle line_style_;
  std::string unwritten_;
  std::string shown_;
  bool has_printed_ = false;
  int error_ = 0;
};

}  // namespace superd::superctl
