#include "doctor_text.h"

#include <fmt/format.h>

#include "client/printable.h"

namespace superd::superctl {
namespace {

client::Tone tone_of(const std::string& verdict) {
  if (verdict == "ok") return client::Tone::good;
  return verdict == "problem" ? client::Tone::bad : client::Tone::attention;
}

}  // namespace

std::string doctor_text(const std::vector<wire::FindingView>& findings, client::Colour colour) {
  std::string out;
  for (const wire::FindingView& finding : findings) {
    const std::string verdict = fmt::format("{:<7}", client::printable(finding.verdict));
    out += fmt::format("{}  {}: {}", client::paint(verdict, tone_of(finding.verdict), colour),
                       client::printable(finding.what), client::printable(finding.message));
    if (!finding.remedy.empty()) {
      out += fmt::format(" -- remedy: {}", client::printable(finding.remedy));
    }
    out += '\n';
  }
  return out;
}

}  // namespace superd::superctl
