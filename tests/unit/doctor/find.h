#pragma once

#include <algorithm>
#include <string>

#include "doctor/finding.h"

namespace superd::doctor {

inline Finding find(const Findings& findings, const std::string& what) {
  const auto it = std::ranges::find(findings, what, &Finding::what);
  return it == findings.end() ? Finding{.what = "not found"} : *it;
}

}  // namespace superd::doctor
