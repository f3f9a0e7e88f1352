#include <catch2/catch.hpp>

#include "client/table.h"

namespace superd::client {

TEST_CASE("table: columns are as wide as they need to be, numbers to the right", "[client]") {
  Table table({{"NAME"}, {"N", Align::right}, {"TEXT"}});
  table.add({{"web"}, {"7"}, {"a"}});
  table.add({{"cache-one"}, {"1234"}, {"b c"}});
  CHECK(table.render(Colour::off) ==
        "NAME          N  TEXT\n"
        "web           7  a\n"
        "cache-one  1234  b c\n");
}

TEST_CASE("table: no line ends in spaces, and an empty cell is a dash", "[client]") {
  Table table({{"NAME"}, {"DETAIL"}});
  table.add({{"web.1"}, {""}});
  table.add({{"web.2"}, {"a longer detail"}});
  CHECK(table.render(Colour::off) ==
        "NAME   DETAIL\n"
        "web.1  -\n"
        "web.2  a longer detail\n");
}

TEST_CASE("table: without rows there is the line of titles", "[client]") {
  CHECK(Table({{"A"}, {"B", Align::right}}).render(Colour::off) == "A  B\n");
}

TEST_CASE("table: colour does not move the columns", "[client]") {
  Table table({{"A"}, {"B"}});
  table.add({{"x", Tone::bad}, {"y"}});
  CHECK(table.render(Colour::on) == "A  B\n\x1b[31mx\x1b[0m  y\n");
}

TEST_CASE("table: a cell cannot break its line or colour it", "[client]") {
  Table table({{"A"}});
  table.add({{"x\n\x1b[31my"}});
  CHECK(table.render(Colour::off) == "A\nx\\x0a\\x1b[31my\n");
}

TEST_CASE("table: characters of several bytes count as one column", "[client]") {
  Table table({{"A"}, {"B"}});
  table.add({{"ü"}, {"1"}});
  table.add({{"uu"}, {"2"}});
  CHECK(table.render(Colour::off) == "A   B\nü   1\nuu  2\n");
}

}  // namespace superd::client
