#include <catch2/catch.hpp>

#include "wire/http_codec.h"

namespace superd::wire {
namespace {

using State = RequestParser::State;

constexpr std::string_view kGet = "GET /v1/status HTTP/1.1\r\nHost: localhost\r\n\r\n";

std::string post(std::string_view body) {
  return serialize_request(Method::post, "/v1/groups/web/start", body);
}

int refusal_of(std::string_view bytes) {
  RequestParser parser;
  parser.feed(bytes);
  return parser.advance() == State::refused ? parser.refusal().status : 0;
}

Request parsed(std::string_view bytes) {
  RequestParser parser;
  parser.feed(bytes);
  REQUIRE(parser.advance() == State::complete);
  return parser.take();
}

TEST_CASE("http: a request is read whole or byte by byte", "[wire]") {
  const std::string bytes = post(R"({"wait":false})");
  RequestParser parser;
  CHECK(parser.advance() == State::idle);
  for (std::size_t i = 0; i + 1 < bytes.size(); ++i) {
    parser.feed(bytes.substr(i, 1));
    const State state = parser.advance();
    CHECK(state == (i + 1 < bytes.find("\r\n\r\n") + 4 ? State::in_head : State::in_body));
  }
  parser.feed(bytes.substr(bytes.size() - 1));
  REQUIRE(parser.advance() == State::complete);
  const Request request = parser.take();
  CHECK(request.method == Method::post);
  CHECK(request.segments == std::vector<std::string>{"v1", "groups", "web", "start"});
  CHECK(request.body == R"({"wait":false})");
  CHECK(request.keep_alive == KeepAlive::yes);
  CHECK(parser.advance() == State::idle);
}

TEST_CASE("http: pipelined requests are parsed one at a time, in order", "[wire]") {
  RequestParser parser;
  parser.feed(post("{}") + std::string(kGet) + "GARBAGE\r\n");
  REQUIRE(parser.advance() == State::complete);
  CHECK(parser.advance() == State::complete);
  CHECK(parser.buffered() == kGet.size() + 9);
  CHECK(parser.take().method == Method::post);
  REQUIRE(parser.advance() == State::complete);
  CHECK(parser.take().segments.back() == "status");
  CHECK(parser.advance() == State::refused);
  CHECK(parser.refusal().status == 400);
}

TEST_CASE("http: the connection stays open unless the client says otherwise", "[wire]") {
  CHECK(parsed(kGet).keep_alive == KeepAlive::yes);
  CHECK(parsed("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").keep_alive ==
        KeepAlive::no);
  CHECK(parsed("GET / HTTP/1.0\r\n\r\n").keep_alive == KeepAlive::no);
}

TEST_CASE("http: methods without a route are all alike", "[wire]") {
  CHECK(parsed("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n").method == Method::head);
  CHECK(parsed("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n").method == Method::other);
  CHECK(parsed("BREW / HTTP/1.1\r\nHost: x\r\n\r\n").method == Method::other);
}

TEST_CASE("http: a POST without a length has no body", "[wire]") {
  CHECK(parsed("POST /v1/shutdown HTTP/1.1\r\nHost: x\r\n\r\n").body.empty());
}

TEST_CASE("http: exactly one Host", "[wire]") {
  CHECK(refusal_of("GET / HTTP/1.1\r\n\r\n") == 400);
  CHECK(refusal_of("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n") == 400);
}

TEST_CASE("http: a body comes with its length, other encodings are 411", "[wire]") {
  CHECK(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") ==
        411);
  CHECK(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n") == 411);
  const int both = refusal_of(
      "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK((both == 400 || both == 411));
  CHECK(refusal_of(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n") == 400);
  CHECK(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n") == 400);
  CHECK(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n") ==
        400);
}

TEST_CASE("http: too large a head is 431, too large a body 413", "[wire]") {
  const std::string head = "GET / HTTP/1.1\r\nHost: x\r\nX: ";
  CHECK(refusal_of(head + std::string(kMaxHeaderBytes, 'a')) == 431);
  CHECK(refusal_of("GET /" + std::string(kMaxHeaderBytes + 10, 'a')) == 431);
  CHECK(parsed(head + std::string(kMaxHeaderBytes / 2, 'a') + "\r\n\r\n").segments.size() == 1);
  CHECK(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1048577\r\n\r\n") == 413);
  CHECK(parsed(post(std::string(kMaxRequestBodyBytes, ' '))).body.size() == kMaxRequestBodyBytes);
}

TEST_CASE("http: a client that asks is told to go on, once, and only when its body is missing",
          "[wire]") {
  const std::string head =
      "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  RequestParser parser;
  parser.feed(head);
  CHECK(parser.advance() == State::expects_continue);
  CHECK(parser.advance() == State::in_body);
  parser.feed("{}");
  CHECK(parser.advance() == State::complete);
  CHECK(parsed(head + "{}").body == "{}");
  CHECK(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                   "Content-Length: 2000000\r\n\r\n") == 413);
}

TEST_CASE("http: the path and the query are percent-decoded, each part once", "[wire]") {
  const Request request =
      parsed("GET /v1/%67roups/w%2565b?a=%20%2F&b&c=d=e HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(request.segments == std::vector<std::string>{"v1", "groups", "w%65b"});
  REQUIRE(request.query.size() == 3);
  CHECK(request.query[0].value == " /");
  CHECK(request.query[1].name == "b");
  CHECK(request.query[2].value == "d=e");
}

TEST_CASE("http: a request may name its target with scheme and host", "[wire]") {
  const Request request =
      parsed("GET HTTP://superd:80/v1/groups/web?until=running HTTP/1.1\r\nHost: x\r\n\r\n");
  CHECK(request.segments == std::vector<std::string>{"v1", "groups", "web"});
  REQUIRE(request.query.size() == 1);
  CHECK(request.query[0].value == "running");
  CHECK(parsed("GET http://superd HTTP/1.1\r\nHost: x\r\n\r\n").segments.empty());
  CHECK(parsed("GET http://superd?a=b HTTP/1.1\r\nHost: x\r\n\r\n").query.size() == 1);
}

TEST_CASE("http: a path that hides a slash, a NUL or nothing is 400", "[wire]") {
  for (const char* target :
       {"/a%2fb", "/a%2Fb", "/%00", "/%0a", "/%7f", "/%", "/%4", "/%zz", "*",
        "https://localhost/v1/status", "http:///v1/status", "http://:80/",
        "http://root@localhost/v1/status", "http:/v1/status", "h\x14tp://x/", "v1/status"}) {
    INFO(target);
    CHECK(refusal_of(std::string("GET ") + target + " HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  }
}

TEST_CASE("http: what two programs could read in two ways is refused", "[wire]") {
  CHECK(refusal_of("GET / HTTP/1.1\nHost: x\n\n") == 400);
  CHECK(refusal_of("GET / HTTP/1.1\r\nHost : x\r\n\r\n") == 400);
  CHECK(refusal_of("GET / HTTP/2.0\r\nHost: x\r\n\r\n") == 400);
  CHECK(refusal_of("GET  / HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\na") == 400);
  CHECK(refusal_of("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na") == 400);
  CHECK(refusal_of("\x16\x03\x01\x02") == 400);
}

}  // namespace
}  // namespace superd::wire
