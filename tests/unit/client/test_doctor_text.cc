#include <catch2/catch.hpp>

#include "doctor_text.h"

namespace superd::superctl {

TEST_CASE("doctor: one line a finding, with the remedy at its end", "[superctl]") {
  CHECK(doctor_text({{.what = "tracking", .verdict = "ok", .message = "cgroup v2, /a\x1b"},
                     {.what = "service: KillMode",
                      .verdict = "problem",
                      .message = "mixed: systemd kills the workers",
                      .remedy = "KillMode=process"}},
                    client::Colour::off) ==
        "ok       tracking: cgroup v2, /a\\x1b\n"
        "problem  service: KillMode: mixed: systemd kills the workers -- remedy: "
        "KillMode=process\n");
  CHECK(doctor_text({{.what = "a", .verdict = "missing", .message = "b"}}, client::Colour::on)
            .find("\x1b[") == 0);
}

}  // namespace superd::superctl
