#include "log_printer.h"

#include <fmt/format.h>

#include "client/printable.h"
#include "core/worker_ref.h"
#include "wire/json.h"

namespace superd::superctl {

void LogPrinter::print(const wire::LogLine& line) {
  // About the answer, not about the worker.
  if (line.event == "reached") return;
  if (line.event == "missed")
    return out_.complain(client::printable(fmt::format("{}: {}", line.worker, line.text)));
  if (worker_.empty()) worker_ = line.worker;
  // A worker that came later.
  if (line.worker != worker_) how_.text.prefix = Prefix::worker;
  complain_of(line);
  out_.progress("");
  out_.print_line(how_.form == Form::json ? wire::to_text(line) : log_text(line, how_.text));
}

void LogPrinter::complain_of(const wire::LogLine& line) {
  if (!line.time.empty() || line.event) return;
  const bool wants_order = how_.text.prefix == Prefix::worker;
  if (!how_.wants_times && !how_.wants_stream && !wants_order) return;
  const auto ref = core::parse_worker_ref(line.worker);
  const std::string group = ref ? ref->group : line.worker;
  if (!untimed_.insert(group).second) return;
  out_.complain(client::printable(
      fmt::format("{}: the lines of format raw have no times{}", group,
                  how_.wants_stream ? ", and do not tell stdout from stderr: all are shown" : "")));
}

}  // namespace superd::superctl
