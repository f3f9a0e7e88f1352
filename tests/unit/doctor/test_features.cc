#include <algorithm>
#include <cerrno>

#include <catch2/catch.hpp>

#include "doctor/feature_text.h"

namespace superd::doctor {

using os::KernelFeature;

TEST_CASE("doctor: every kernel feature is tried once, and leaves nothing behind", "[doctor]") {
  const auto tried = os::try_kernel_features();
  REQUIRE(tried.size() == os::all_kernel_features().size());
  for (std::size_t i = 0; i < tried.size(); ++i) {
    CHECK(tried[i].feature == os::all_kernel_features()[i]);
  }
  // Debian 12's kernel has these, and superd does not run without them.
  for (const KernelFeature needed : {KernelFeature::pidfd_open, KernelFeature::sealed_memory}) {
    const auto it = std::ranges::find(tried, needed, &os::TriedFeature::feature);
    REQUIRE(it != tried.end());
    CHECK(it->code == 0);
  }
}

TEST_CASE("doctor: a feature that is there says what it serves, without a remedy", "[doctor]") {
  for (const KernelFeature feature : os::all_kernel_features()) {
    const Finding finding = feature_finding({.feature = feature, .code = 0});
    CHECK(finding.verdict == Verdict::ok);
    CHECK(!finding.message.empty());
    CHECK(finding.remedy.empty());
  }
}

TEST_CASE("doctor: a feature that is not there says what is less good, and what helps",
          "[doctor]") {
  for (const KernelFeature feature : os::all_kernel_features()) {
    const Finding finding = feature_finding({.feature = feature, .code = ENOSYS});
    CHECK(finding.verdict != Verdict::ok);
    CHECK(finding.remedy.rfind("Linux ", 0) == 0);
    CHECK(finding.message.find("Function not implemented") != std::string::npos);
  }
  CHECK(feature_finding({.feature = KernelFeature::pidfs_numbers, .code = ENOTTY}) ==
        Finding{.what = "kernel: pidfs numbers",
                .verdict = Verdict::missing,
                .message = "processes are told apart by PID and start time (Inappropriate ioctl "
                           "for device)",
                .remedy = "Linux 6.9 or later, or a container whose filter lets it through"});
}

TEST_CASE("doctor: what superd cannot do without is a problem", "[doctor]") {
  CHECK(feature_finding({.feature = KernelFeature::pidfd_open, .code = ENOSYS}).verdict ==
        Verdict::problem);
  CHECK(feature_finding({.feature = KernelFeature::clone3, .code = ENOSYS}).verdict ==
        Verdict::missing);
}

TEST_CASE("doctor: a limit and a filter have other remedies than an old kernel", "[doctor]") {
  CHECK(feature_finding({.feature = KernelFeature::inotify, .code = EMFILE}).remedy ==
        "raise fs.inotify.max_user_instances");
  CHECK(feature_finding({.feature = KernelFeature::pidfd_getfd, .code = EPERM}).remedy ==
        "allow the call in the container's or unit's system call filter");
}

}  // namespace superd::doctor
