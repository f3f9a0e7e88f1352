#include <string>

#include <catch2/catch.hpp>

#include "base/pattern.h"

using namespace superd;

namespace {

bool found(const std::string& pattern, std::string_view text) {
  const auto compiled = Pattern::compile(pattern);
  REQUIRE(compiled);
  CHECK(compiled->text() == pattern);
  return compiled->found_in(text);
}

std::string error_of(const std::string& pattern) {
  const auto compiled = Pattern::compile(pattern);
  return compiled ? "" : compiled.error().message;
}

}  // namespace

TEST_CASE("pattern: it is looked for anywhere in the text", "[base]") {
  CHECK(found("Listening at: .*:8000", "[2026] Listening at: http://127.0.0.1:8000 (7)"));
  CHECK_FALSE(found("^Listening", "[2026] Listening"));
  CHECK(found("ready$", "is ready"));
  CHECK(found("(?i)READY", "is ready"));
  CHECK(found("gr\u00fcn.\u2713", "ist gr\u00fcn \u2713"));
  CHECK(found("", ""));
}

TEST_CASE("pattern: bytes that are no UTF-8 are matched by nothing, and do no harm", "[base]") {
  CHECK(found("ready", "\xff\xfe ready \x80"));
  CHECK_FALSE(found("a.b",
                    "a\xff"
                    "b"));
  CHECK_FALSE(found("ready", std::string_view("\0\0", 2)));
}

TEST_CASE("pattern: a bad one fails in words", "[base]") {
  CHECK(error_of("(abc") == "missing ): (abc");
  CHECK(error_of("a**") == "bad repetition operator: **");
  CHECK(error_of("(?=a)") == "invalid perl operator: (?=");
  CHECK(error_of(std::string(5000, 'a')) == "it is 5000 bytes long: at most 4096 are taken");
  CHECK_FALSE(error_of("((a{100}){100}){100}").empty());
}

TEST_CASE("pattern: no pattern needs more than linear time", "[base]") {
  const std::string text(100'000, 'a');
  CHECK_FALSE(found("(a*)*(a*)*(a|a)*b", text));
}
