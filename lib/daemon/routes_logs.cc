#include <algorithm>
#include <cstdlib>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/time_text.h"
#include "daemon/routes.h"
#include "logs/stamp.h"
#include "wire/json.h"

namespace superd::daemon {
namespace {

logs::Stream stream_of(wire::GetGroupLogs::Only only) {
  switch (only) {
    case wire::GetGroupLogs::Only::both:
      return logs::Stream::both;
    case wire::GetGroupLogs::Only::out:
      return logs::Stream::out;
    case wire::GetGroupLogs::Only::err:
      return logs::Stream::err;
  }
  std::abort();
}

LogFeed::Wish wish_of(const wire::GetGroupLogs& command, const std::string& group) {
  LogFeed::Wish wish{.group = group,
                     .until = command.follow == wire::GetGroupLogs::Follow::yes
                                  ? LogFeed::Until::ever
                                  : LogFeed::Until::now,
                     .lines = command.lines,
                     .only = stream_of(command.only)};
  if (command.worker) wish.worker = core::to_string({.group = group, .number = *command.worker});
  if (command.since) {
    // As lines have it, so that texts compare as times do. The route has parsed it before.
    if (const auto time = parse_time(*command.since)) wish.since = logs::to_string(*time);
  }
  for (const wire::LogPlace& place : command.after) {
    if (place.worker == 0) {
      wish.after_event = place.offset;
    } else {
      wish.after[core::to_string({.group = group, .number = place.worker})] = {
          .file = place.file, .offset = place.offset};
    }
  }
  return wish;
}

void answer_lines(Responder& out, const std::optional<std::vector<logs::Line>>& lines) {
  if (!lines) return out.answer(wire::problem_response(503, "the logger does not answer"));
  std::vector<wire::LogLine> views;
  views.reserve(lines->size());
  for (const logs::Line& line : *lines) views.push_back(to_view(line));
  wire::Response response = wire::json_response(200, wire::to_text(views));
  response.content_type = "application/x-ndjson";
  out.answer(std::move(response));
}

}  // namespace

std::optional<LogFeed::Sources> Routes::log_sources(const std::string& name) const {
  const core::Group* group = parts_.core.find(name);
  // Of a group that leaves there may be no spec any more.
  const auto spec =
      std::ranges::find(parts_.spec.groups, name, [](const auto& one) { return one.name; });
  if (group == nullptr || spec == parts_.spec.groups.end()) return std::nullopt;
  if (spec->log.output != core::LogOutput::file) return std::nullopt;
  LogFeed::Sources sources;
  for (const core::Worker& worker : group->workers) {
    sources.push_back({.worker = core::to_string(worker.ref),
                       .path = parts_.spawner.log_path(worker.ref),
                       .format = spec->log.format});
  }
  return sources;
}

void Routes::on(Ask ask, const wire::GetGroupLogs& command) {
  const core::Group* group = find(ask, command.group);
  if (group == nullptr) return;
  std::optional<LogFeed::Sources> sources = log_sources(group->name);
  if (!sources) {
    return ask.out.answer(wire::problem_response(
        409,
        fmt::format("the output of {} is not kept: its log.output is not \"file\"", group->name)));
  }
  if (command.worker) {
    const std::string one = core::to_string({.group = group->name, .number = *command.worker});
    std::erase_if(*sources, [&](const logs::Source& source) { return source.worker != one; });
  }
  if (sources->empty()) {
    return ask.out.answer(wire::problem_response(
        404, fmt::format("no worker {}.{}", group->name, command.worker.value_or(0))));
  }
  if (command.follow == wire::GetGroupLogs::Follow::yes || command.since)
    return parts_.logs.follow(wish_of(command, group->name), std::move(ask.out));
  auto out = std::make_shared<Responder>(std::move(ask.out));
  parts_.logger.read(
      std::move(*sources), command.lines, stream_of(command.only),
      [out](const std::optional<std::vector<logs::Line>>& lines) { answer_lines(*out, lines); });
}

}  // namespace superd::daemon
