#include "client/table.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "client/printable.h"

namespace superd::client {
namespace {

constexpr std::string_view kGap = "  ";

std::string_view escape_sequence(Tone tone) {
  switch (tone) {
    case Tone::plain:
      return "";
    case Tone::good:
      return "\x1b[32m";
    case Tone::attention:
      return "\x1b[33m";
    case Tone::bad:
      return "\x1b[31m";
    case Tone::faint:
      return "\x1b[2m";
  }
  std::abort();
}

}  // namespace

std::string paint(std::string_view text, Tone tone, Colour colour) {
  if (colour == Colour::off || tone == Tone::plain) return std::string(text);
  return fmt::format("{}{}\x1b[0m", escape_sequence(tone), text);
}

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

void Table::add(std::vector<Cell> row) {
  assert(row.size() == columns_.size());
  for (auto& cell : row) cell.text = cell.text.empty() ? "-" : printable(cell.text);
  rows_.push_back(std::move(row));
}

std::string Table::render(Colour colour) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = columns(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, columns(row[i].text));
    widths.push_back(width);
  }
  std::string out;
  std::string pending;  // spaces owed before the next text: never written at the end of a line
  const auto put = [&](std::size_t i, const std::string& text, Tone tone) {
    const std::size_t room = widths[i] - columns(text);
    if (columns_[i].align == Align::right) pending.append(room, ' ');
    out += pending + paint(text, tone, colour);
    pending = kGap;
    if (columns_[i].align == Align::left) pending.append(room, ' ');
  };
  for (std::size_t i = 0; i < columns_.size(); ++i) put(i, columns_[i].title, Tone::plain);
  for (const auto& row : rows_) {
    out += '\n';
    pending.clear();
    for (std::size_t i = 0; i < row.size(); ++i) put(i, row[i].text, row[i].tone);
  }
  return out + '\n';
}

}  // namespace superd::client
