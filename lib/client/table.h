#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace superd::client {

enum class Align { left, right };
enum class Tone { plain, good, attention, bad, faint };
enum class Colour { off, on };

struct Column {
  std::string title{};
  Align align = Align::left;
};

struct Cell {
  std::string text{};  // an empty one is shown as `-`
  Tone tone = Tone::plain;
};

// The text in its tone; as it is with Colour::off or Tone::plain.
std::string paint(std::string_view text, Tone tone, Colour colour);

// Lines of cells under a line of titles, as wide as their content asks, two spaces apart, without
// spaces at the end of a line. What a cell holds goes through printable() first.
class Table {
 public:
  explicit Table(std::vector<Column> columns);

  // As many cells as columns.
  void add(std::vector<Cell> row);
  [[nodiscard]] std::string render(Colour colour) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace superd::client
