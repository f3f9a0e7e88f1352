#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "wire/views.h"

// HTTP/1.1 as a codec: bytes in, messages out, no I/O. Each of the two parsers holds the bytes that
// it was fed and has not used, and begins a message only when asked to, so a server that answers
// one request never looks at the next one before.
namespace superd::wire {

inline constexpr std::size_t kMaxHeaderBytes = std::size_t{16} << 10;
inline constexpr std::size_t kMaxRequestBodyBytes = std::size_t{1} << 20;

// Methods that no route has are all alike.
enum class Method { get, head, post, other };

struct QueryField {
  std::string name{};
  std::string value{};
};

enum class KeepAlive { no, yes };

struct Request {
  Method method = Method::get;
  std::string target{};  // as it was sent, for messages
  std::vector<std::string>
      segments{};                   // of the path, percent-decoded: `/v1/status` -> {v1, status}
  std::vector<QueryField> query{};  // percent-decoded, in order; `+` is a plus
  std::string body{};
  KeepAlive keep_alive = KeepAlive::yes;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body{};
  std::string allow{};        // of a 405: the methods, `GET, HEAD`
  std::string retry_after{};  // of a 429: seconds
};

Response json_response(int status, std::string body);
// `title` is filled in from the status.
Response problem_response(int status, std::string detail);
// `Bad Request` for 400; `Unknown` for what superd never sends.
const char* reason_phrase(int status);

// The server's side: one connection's requests, one after the other.
class RequestParser {
 public:
  enum class State {
    idle,              // not one byte of a request is here
    in_head,           // the head is not complete
    expects_continue,  // said once a request: the client waits for kContinue before its body
    in_body,
    complete,  // take() it
    refused,   // answer refusal() and close: what follows cannot be trusted
  };

  RequestParser();
  ~RequestParser();
  RequestParser(RequestParser&&) noexcept;
  RequestParser& operator=(RequestParser&&) noexcept;

  void feed(std::string_view bytes);
  // Bytes that were fed and belong to no request that was parsed.
  [[nodiscard]] std::size_t buffered() const;
  // Goes as far as the bytes allow. `complete` and `refused` stay until take(), or for ever.
  State advance();
  // The request; the parser is at the beginning of the next one.
  Request take();
  // Why the connection cannot go on: 400, 408, 411, 413 or 431.
  [[nodiscard]] const Response& refusal() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// To a HEAD request the body is counted and not sent.
std::string serialize(const Response& response, Method to, KeepAlive keep_alive);

// Of an answer whose length nobody knows: 200, up to the end of the connection.
std::string stream_head(std::string_view content_type);

// The client's side: one response. An answer 1xx that announces another one is skipped.
class ResponseParser {
 public:
  enum class State { needs_bytes, complete };

  explicit ResponseParser(Method to, std::uint64_t max_body_bytes = std::uint64_t{256} << 20);
  ~ResponseParser();
  ResponseParser(ResponseParser&&) noexcept;
  ResponseParser& operator=(ResponseParser&&) noexcept;

  // Fails on bytes that are no HTTP, and on more than the limit.
  Result<State> feed(std::string_view bytes);
  // The connection ended. Fails where the response is cut off.
  Result<State> end();
  // Nothing before the head is complete. The body grows until State::complete.
  [[nodiscard]] std::optional<int> status() const;
  [[nodiscard]] KeepAlive keep_alive() const;
  // What came of the body since the last call, for streams.
  std::string take_body();
  // The whole, once complete; the body is what take_body() has not taken.
  Response take();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// `/v1/groups/web/logs?lines=20` of {v1, groups, web, logs} and {lines, 20}, percent-encoded.
std::string make_target(const std::vector<std::string>& segments,
                        const std::vector<QueryField>& query = {});
// A body is sent as JSON; `target` is what make_target() gave.
std::string serialize_request(Method method, std::string_view target, std::string_view body,
                              KeepAlive keep_alive = KeepAlive::yes);
// What superd asks a worker: GET, Host: localhost, one request on one connection. `target` is sent
// as it stands.
std::string serialize_probe(std::string_view target);

}  // namespace superd::wire
