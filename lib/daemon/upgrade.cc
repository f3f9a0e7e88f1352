#include "daemon/upgrade.h"

#include <cerrno>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "wire/http_codec.h"
#include "wire/json.h"

namespace superd::daemon {
namespace {

std::string reason(int error) {
  switch (error) {
    case EBADMSG:
      return "the program on disk is no superd that can read what this one knows; its words, if it "
             "had any, are in superd's log";
    case EBUSY:
      return "superd is leaving, or an upgrade is under way";
    case ETIMEDOUT:
      return "the program on disk did not say in time that it can go on";
    default:
      return "the program on disk cannot be executed: " + std::generic_category().message(error);
  }
}

}  // namespace

void Upgrade::request(const std::string& cause, Responder out) {
  waiting_.push_back(std::move(out));
  if (std::exchange(under_way_, true)) return;
  log::info("an upgrade begins ({})", cause);
  if (!hooks_.save()) {
    hooks_.resume();
    return answer(false, "the journal cannot be written: the next superd would know nothing");
  }
  if (const Status asked = hooks_.ask_keeper(); !asked) {
    hooks_.resume();
    answer(false, asked.error().message);
  }
}

void Upgrade::failed(int error) {
  if (!under_way_) return;
  hooks_.resume();
  answer(false, reason(error));
}

void Upgrade::done() { answer(true, "the program on disk goes on"); }

void Upgrade::answer(bool ok, const std::string& message) {
  under_way_ = false;
  log::write(ok ? log::Level::info : log::Level::error,
             (ok ? "upgrade: " : "upgrade failed, nothing has changed: ") + message);
  wire::OutcomeView view;
  view.result = ok ? wire::Verdict::done : wire::Verdict::failed;
  view.action = "upgrade";
  view.message = message;
  for (Responder& out : std::exchange(waiting_, {})) {
    out.answer(wire::json_response(200, wire::to_text(view)));
  }
}

}  // namespace superd::daemon
