#include <catch2/catch.hpp>

#include "wire/http_codec.h"

namespace superd::wire {
namespace {

using State = ResponseParser::State;

Response parsed(std::string_view bytes, Method to = Method::get) {
  ResponseParser parser(to);
  const auto state = parser.feed(bytes);
  REQUIRE(state);
  REQUIRE(*state == State::complete);
  return parser.take();
}

TEST_CASE("http: what the server answers the client reads", "[wire]") {
  Response response = problem_response(405, "only GET");
  response.allow = "GET, HEAD";
  response.retry_after = "2";
  const Response back = parsed(serialize(response, Method::get, KeepAlive::no));
  CHECK(back.status == 405);
  CHECK(back.content_type == "application/problem+json");
  CHECK(back.allow == "GET, HEAD");
  CHECK(back.retry_after == "2");
  CHECK(back.body ==
        R"({"type":"about:blank","title":"Method Not Allowed","status":405,"detail":"only GET"})");
}

TEST_CASE("http: the answer to HEAD counts its body and leaves it out", "[wire]") {
  const std::string text = serialize(json_response(200, "{}"), Method::head, KeepAlive::yes);
  CHECK(text == "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n");
  CHECK(parsed(text, Method::head).body.empty());
}

TEST_CASE("http: a response is read byte by byte, and its body as it comes", "[wire]") {
  const std::string text = serialize(json_response(200, "{\"a\":1}"), Method::get, KeepAlive::yes);
  ResponseParser parser(Method::get);
  std::string body;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto state = parser.feed(text.substr(i, 1));
    REQUIRE(state);
    CHECK((*state == State::complete) == (i + 1 == text.size()));
    if (parser.status()) body += parser.take_body();
  }
  CHECK(body == "{\"a\":1}");
  CHECK(parser.status() == 200);
  CHECK(parser.keep_alive() == KeepAlive::yes);
}

TEST_CASE("http: a chunked body and one that ends with the connection are read", "[wire]") {
  CHECK(parsed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
               "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
            .body == "abcde");
  ResponseParser parser(Method::get);
  REQUIRE(parser.feed("HTTP/1.1 200 OK\r\nContent-Type: x\r\n\r\nab") == State::needs_bytes);
  CHECK(parser.take_body() == "ab");
  REQUIRE(parser.feed("c") == State::needs_bytes);
  REQUIRE(parser.end() == State::complete);
  CHECK(parser.take().body == "c");
  CHECK(parser.keep_alive() == KeepAlive::no);
}

TEST_CASE("http: an answer 100 is skipped", "[wire]") {
  CHECK(parsed(std::string(kContinue) +
               serialize(json_response(202, "{}"), Method::post, KeepAlive::yes))
            .status == 202);
}

TEST_CASE("http: an answer that is cut off, too large or no HTTP is an error", "[wire]") {
  ResponseParser nothing(Method::get);
  CHECK_FALSE(nothing.end());
  ResponseParser cut(Method::get);
  REQUIRE(cut.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"));
  CHECK_FALSE(cut.end());
  ResponseParser large(Method::get, 4);
  CHECK_FALSE(large.feed("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde"));
  CHECK_FALSE(ResponseParser(Method::get).feed("SSH-2.0-OpenSSH_9.2\r\n\r\n"));
}

TEST_CASE("http: a target is percent-encoded and decodes to the same", "[wire]") {
  const std::string target =
      make_target({"v1", "groups", "a/b c%", "\xc3\xa9"}, {{.name = "until", .value = "a&b=c"}});
  CHECK(target == "/v1/groups/a%2Fb%20c%25/%C3%A9?until=a%26b%3Dc");
}

}  // namespace
}  // namespace superd::wire
