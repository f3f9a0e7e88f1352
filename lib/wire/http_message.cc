#include <cstdlib>

#include <fmt/format.h>

#include "wire/http_codec.h"
#include "wire/json.h"

namespace superd::wire {
namespace {

const char* name(Method method) {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::head:
      return "HEAD";
    case Method::post:
      return "POST";
    case Method::other:
      return "OTHER";
  }
  std::abort();
}

}  // namespace

const char* reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 202:
      return "Accepted";
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 411:
      return "Length Required";
    case 413:
      return "Content Too Large";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

Response json_response(int status, std::string body) {
  return {.status = status, .body = std::move(body)};
}

Response problem_response(int status, std::string detail) {
  const Problem problem{
      .title = reason_phrase(status), .status = status, .detail = std::move(detail)};
  return {.status = status, .content_type = "application/problem+json", .body = to_text(problem)};
}

std::string serialize(const Response& response, Method to, KeepAlive keep_alive) {
  std::string text =
      fmt::format("HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\n", response.status,
                  reason_phrase(response.status), response.content_type, response.body.size());
  if (!response.allow.empty()) text += fmt::format("Allow: {}\r\n", response.allow);
  if (!response.retry_after.empty()) {
    text += fmt::format("Retry-After: {}\r\n", response.retry_after);
  }
  if (keep_alive == KeepAlive::no) text += "Connection: close\r\n";
  text += "\r\n";
  if (to != Method::head) text += response.body;
  return text;
}

std::string stream_head(std::string_view content_type) {
  return fmt::format(
      "HTTP/1.1 200 OK\r\nContent-Type: {}\r\nCache-Control: no-cache\r\n"
      "Connection: close\r\n\r\n",
      content_type);
}

std::string serialize_probe(std::string_view target) {
  return fmt::format(
      "GET {} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: superd\r\nAccept: */*\r\n"
      "Connection: close\r\n\r\n",
      target);
}

std::string serialize_request(Method method, std::string_view target, std::string_view body,
                              KeepAlive keep_alive) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\n", name(method), target);
  if (method == Method::post || !body.empty()) {
    text += fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n", body.size());
  }
  if (keep_alive == KeepAlive::no) text += "Connection: close\r\n";
  text += "\r\n";
  text += body;
  return text;
}

}  // namespace superd::wire
