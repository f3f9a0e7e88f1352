#include <algorithm>
#include <cerrno>
#include <chrono>
#include <iterator>

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "command.h"
#include "doctor/examine.h"
#include "doctor/unit_findings.h"
#include "doctor_text.h"

namespace superd::superctl {
namespace {

std::vector<wire::FindingView> views_of(const doctor::Findings& findings) {
  std::vector<wire::FindingView> views;
  for (const doctor::Finding& finding : findings) {
    views.push_back({.what = finding.what,
                     .verdict = doctor::name(finding.verdict),
                     .message = finding.message,
                     .remedy = finding.remedy});
  }
  return views;
}

// superctl asks systemd, so that superd need not wait for it.
doctor::Findings service_findings(const wire::DoctorView& view) {
  doctor::Service service{.keeper = static_cast<pid_t>(view.pid),
                          .stop_time = std::chrono::seconds(view.stop_time_s),
                          .unit = doctor::unit_of(view.cgroup)};
  if (service.unit && service.keeper != 1) service.facts = doctor::ask_systemd(*service.unit);
  return doctor::examine(service);
}

ExitCode show(Context& context, const char* source, const std::vector<wire::FindingView>& views) {
  if (context.options().json) {
    auto findings = nlohmann::ordered_json::array();
    for (const wire::FindingView& view : views) {
      findings.push_back({{"what", view.what},
                          {"verdict", view.verdict},
                          {"message", view.message},
                          {"remedy", view.remedy}});
    }
    context.out().print_line(
        wire::to_text(nlohmann::ordered_json{{"of", source}, {"findings", std::move(findings)}}));
  } else {
    context.out().print(doctor_text(views, context.out().colour()));
  }
  const bool problem = std::ranges::any_of(
      views, [](const wire::FindingView& view) { return view.verdict == "problem"; });
  return problem ? ExitCode::failed : ExitCode::done;
}

// What superd would find if this user started it from here.
ExitCode examine_here(Context& context) {
  if (!context.options().quiet) {
    context.out().tell(fmt::format("no superd runs at {}: this is what the machine offers to you",
                                   context.socket()));
  }
  const auto findings = doctor::examine(doctor::look_at_machine(), doctor::try_tracking());
  return show(context, "machine", views_of(findings));
}

ExitCode run_doctor(Context& context) {
  auto response = context.ask({.target = "/v1/doctor"});
  if (!response) {
    const int code = response.error().code;
    if (code == ENOENT || code == ECONNREFUSED || code == ENOTDIR) return examine_here(context);
  }
  auto view = client::read_answer<wire::DoctorView>(std::move(response));
  if (!view) return context.report(view.error());
  auto service = views_of(service_findings(*view));
  std::ranges::move(service, std::back_inserter(view->findings));
  return show(context, "superd", view->findings);
}

}  // namespace

Command doctor_command() {
  return {.name = "doctor",
          .summary = "what this machine offers and what is missing",
          .declare = [](CLI::App&) {},
          .run = run_doctor};
}

}  // namespace superd::superctl
