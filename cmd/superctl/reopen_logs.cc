#include "reopen_logs.h"

namespace superd::superctl {

ExitCode reopen_logs(Context& context) {
  const auto body =
      client::body_of(context.ask({.method = wire::Method::post, .target = "/v1/logs/reopen"}));
  if (!body) return context.report(body.error());
  if (context.options().json) context.out().print_line(*body);
  return ExitCode::done;
}

}  // namespace superd::superctl
