#include <chrono>

#include <catch2/catch.hpp>

#include "keeper/logger_absence.h"

using superd::keeper::LoggerAbsence;
using namespace std::chrono_literals;
using Verdict = LoggerAbsence::Verdict;

namespace {
constexpr LoggerAbsence::TimePoint kStart{1h};
}

TEST_CASE("absence: a logger that lives for a second is there, and nothing is due", "[keeper]") {
  LoggerAbsence absence;
  CHECK(absence.look(kStart, kStart) == Verdict::nothing);
  CHECK(absence.due() == kStart + 1s);
  CHECK(absence.look(kStart, kStart + 1s) == Verdict::back);
  CHECK_FALSE(absence.due());
  CHECK(absence.look(kStart, kStart + 1h) == Verdict::nothing);
}

TEST_CASE("absence: a logger that is back within a second is not missed", "[keeper]") {
  LoggerAbsence absence;
  CHECK(absence.look(kStart, kStart + 1h) == Verdict::nothing);
  const auto died = kStart + 2h;
  CHECK(absence.look({}, died) == Verdict::nothing);
  CHECK(absence.due() == died + 1s);
  CHECK(absence.look(died + 900ms, died + 999ms) == Verdict::nothing);
  CHECK(absence.look(died + 900ms, died + 1900ms) == Verdict::back);
}

TEST_CASE("absence: a logger that cannot be started is away after a second", "[keeper]") {
  LoggerAbsence absence;
  CHECK(absence.look({}, kStart) == Verdict::nothing);
  CHECK(absence.look({}, kStart + 1s) == Verdict::relieve);
  CHECK(absence.due() == kStart + 1200ms);
  CHECK(absence.look({}, kStart + 1h) == Verdict::relieve);
}

TEST_CASE("absence: a logger that dies again and again is away, but while one runs it alone reads",
          "[keeper]") {
  LoggerAbsence absence;
  auto now = kStart;
  for (int life = 0; life < 4; ++life, now += 300ms) {
    CHECK(absence.look(now, now + 100ms) == Verdict::nothing);
    CHECK(absence.look({}, now + 200ms) == (life < 3 ? Verdict::nothing : Verdict::relieve));
  }
  CHECK(absence.look(now, now) == Verdict::nothing);
  CHECK(absence.look(now, now + 999ms) == Verdict::nothing);
  CHECK(absence.look(now, now + 1s) == Verdict::back);
  CHECK(absence.look(now, now + 2s) == Verdict::nothing);
}
