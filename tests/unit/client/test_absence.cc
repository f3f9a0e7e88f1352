#include <cerrno>

#include <catch2/catch.hpp>

#include "absence.h"

namespace superd::superctl {

TEST_CASE("absence: superd is knocked at for ten seconds of each absence, and no longer",
          "[superctl]") {
  Output out(Output::Mode::quiet);
  Absence absence(out);
  const auto begin = client::Clock::now();
  const auto first = absence.knocked_in_vain(begin);
  REQUIRE(first);
  CHECK(*first > begin);
  CHECK(*first < begin + Absence::kLongest);
  REQUIRE(absence.knocked_in_vain(begin + Absence::kLongest - std::chrono::milliseconds(1)));
  absence.is_over();
  const auto later = begin + Absence::kLongest + std::chrono::hours(1);
  REQUIRE(absence.knocked_in_vain(later));
  const auto late = absence.knocked_in_vain(later + Absence::kLongest);
  REQUIRE_FALSE(late);
  CHECK(late.error().code == ECONNREFUSED);
}

}  // namespace superd::superctl
