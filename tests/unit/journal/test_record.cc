#include <random>
#include <string>

#include <catch2/catch.hpp>

#include "journal/record.h"

using namespace superd::journal;

namespace {

std::string head() { return encode(Head{.format = kFormat, .boot_id = "boot"}); }

}  // namespace

TEST_CASE("journal: the last line of a key counts, and a dropped key is gone", "[journal]") {
  const std::string text = head() + encode_put("worker/web.1", R"({"state":"starting"})") +
                           encode_put("worker/web.2", "{}") +
                           encode_put("worker/web.1", R"({"state":"ready"})") +
                           encode_drop("worker/web.2");
  const Content content = decode(text);
  REQUIRE(content.head);
  CHECK(content.head->boot_id == "boot");
  CHECK(content.values ==
        std::map<std::string, std::string>{{"worker/web.1", R"({"state":"ready"})"}});
  CHECK(content.bad_lines == 0);
}

TEST_CASE("journal: a line that was torn at the end is lost alone", "[journal]") {
  const std::string whole = head() + encode_put("a", "1") + encode_put("b", "2");
  const std::string last = encode_put("a", "3");
  for (std::size_t cut = 0; cut < last.size(); ++cut) {
    const Content content = decode(whole + last.substr(0, cut));
    CHECK(content.values == std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}});
    CHECK(content.bad_lines == (cut == 0 ? 0U : 1U));
    CHECK(content.bad_bytes == cut);
  }
  CHECK(decode(whole + last).values.at("a") == "3");
}

TEST_CASE("journal: a line of which one byte is another is left out, the others count",
          "[journal]") {
  const std::string line = encode_put("worker/web.1", R"({"pid":812})");
  for (std::size_t at = 0; at + 1 < line.size(); ++at) {
    std::string spoiled = line;
    spoiled[at] = static_cast<char>(spoiled[at] ^ 1);
    const Content content = decode(head() + spoiled + encode_put("b", "2"));
    INFO(at << ": " << spoiled);
    CHECK_FALSE(content.values.contains("worker/web.1"));
    CHECK(content.values.contains("b"));
    CHECK(content.bad_lines >= 1);
  }
}

TEST_CASE("journal: another format, no head, nothing and any bytes have no values", "[journal]") {
  const std::string line = encode_put("a", "1");
  CHECK(decode("").values.empty());
  CHECK_FALSE(decode("").head);
  CHECK(decode(line).values.empty());
  CHECK(decode("superd-journal 1 boot").values.empty());
  const Content later = decode(encode(Head{.format = kFormat + 1, .boot_id = "boot"}) + line);
  CHECK(later.values.empty());
  REQUIRE(later.head);
  CHECK(later.head->format == kFormat + 1);
  std::mt19937 random(4711);
  for (int round = 0; round < 2000; ++round) {
    std::string bytes = round % 2 == 0 ? head() : "";
    for (std::size_t i = random() % 200; i > 0; --i) bytes += static_cast<char>(random());
    CHECK(decode(bytes).values.empty());
  }
}

TEST_CASE("journal: what was written together counts together, or not at all", "[journal]") {
  const std::string first = head() + encode_put("group/web", "1") +
                            encode_put("worker/web.1", "1") + encode_put("worker/web.2", "1") +
                            encode_commit();
  const std::string second = encode_put("group/web", "2") + encode_drop("worker/web.2") +
                             encode_put("worker/web.1", "2") + encode_commit();
  const std::map<std::string, std::string> before = decode(first).values;
  REQUIRE(before.size() == 3);
  for (std::size_t cut = 0; cut < second.size(); ++cut) {
    INFO(cut);
    const Content content = decode(first + second.substr(0, cut));
    CHECK(content.values == before);
    CHECK(content.bad_lines == 0);
    CHECK(content.unfinished_bytes == cut);
  }
  const Content whole = decode(first + second);
  CHECK(whole.unfinished_bytes == 0);
  CHECK(whole.values ==
        std::map<std::string, std::string>{{"group/web", "2"}, {"worker/web.1", "2"}});
}

TEST_CASE("journal: of what was written to its end a spoiled line is lost alone", "[journal]") {
  std::string spoiled = encode_put("a", "2");
  spoiled[0] = spoiled[0] == 'x' ? 'y' : 'x';
  const Content content = decode(head() + encode_put("a", "1") + encode_commit() + spoiled +
                                 encode_put("b", "2") + encode_commit());
  CHECK(content.bad_lines == 1);
  CHECK(content.values == std::map<std::string, std::string>{{"a", "1"}, {"b", "2"}});
}

// Earlier versions know lines that set a key and lines that drop one, and count any other as torn.
TEST_CASE("journal: to a superd that knows no marks they drop a key that is never set",
          "[journal]") {
  CHECK(encode_commit() == encode_drop("commit mark"));
}
