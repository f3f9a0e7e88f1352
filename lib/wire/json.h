#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/result.h"
#include "wire/views.h"

// Views as JSON text and back. Text is always valid UTF-8: a byte that is not becomes U+FFFD. The
// fields come in the order of views.h, without white space, without a newline at the end.
namespace superd::wire {

std::string to_text(const nlohmann::json& value);
std::string to_text(const nlohmann::ordered_json& value);

std::string to_text(const StatusView& view);
std::string to_text(const GroupView& view);
std::string to_text(const WorkerView& view);
std::string to_text(const PidsView& view);
std::string to_text(const PidView& view);
std::string to_text(const OutcomeView& view);
std::string to_text(const ApplyView& view);
std::string to_text(const AcceptedView& view);
std::string to_text(const RollView& view);
std::string to_text(const RollsView& view);
std::string to_text(const HistoryView& view);
std::string to_text(const OccurrenceView& view);
std::string to_text(const DoctorView& view);
std::string to_text(const LogLine& line);
std::string to_text(const Problem& problem);
// Newline-delimited: each line ends with a newline.
std::string to_text(const std::vector<LogLine>& lines);

// For any of the types above but the vector. Fails on text that is no JSON object and on a field of
// the wrong type; the message names the field: `groups[0].workers[1].pid: a number expected`.
template <class T>
Result<T> from_text(std::string_view text);

}  // namespace superd::wire
