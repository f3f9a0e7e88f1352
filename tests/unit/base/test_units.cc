#include <csignal>
#include <string>

#include <catch2/catch.hpp>

#include "base/units.h"

using namespace superd;
using namespace std::chrono_literals;

TEST_CASE("durations are written with units from large to small", "[base]") {
  CHECK(parse_duration("250ms") == 250ms);
  CHECK(parse_duration("10s") == 10s);
  CHECK(parse_duration("5m") == 5min);
  CHECK(parse_duration("1h30m") == 90min);
  CHECK(parse_duration("24h") == 24h);
  CHECK(parse_duration("3d4h") == 76h);
  CHECK(parse_duration("1s500ms") == 1500ms);
  CHECK(parse_duration("0s") == 0s);
  CHECK(parse_duration("0") == 0s);
}

TEST_CASE("a text that is no duration is refused with the way to write one", "[base]") {
  for (const char* text : {"", "s", "10x", "-5s", "1.5s", "10 s", "30m1h", "5m5m", "10S", "s10"}) {
    CAPTURE(text);
    const auto duration = parse_duration(text);
    REQUIRE_FALSE(duration);
    CHECK_THAT(duration.error().message, Catch::Matchers::Contains("is not a duration"));
  }
  CHECK(parse_duration("10").error().message == R"("10" has no unit: write "10s" for seconds)");
  CHECK(parse_duration("1h30").error().message.find("has no unit") != std::string::npos);
  CHECK(parse_duration("9999999d").error().message.find("too long") != std::string::npos);
  CHECK(parse_duration("18446744073709551615d").error().message.find("too long") !=
        std::string::npos);
  CHECK_FALSE(parse_duration("99999999999999999999s"));
}

TEST_CASE("durations are printed as they are written", "[base]") {
  CHECK(print_duration(0s) == "0s");
  CHECK(print_duration(250ms) == "250ms");
  CHECK(print_duration(90min) == "1h30m");
  CHECK(print_duration(24h) == "1d");
  CHECK(print_duration(1500ms) == "1s500ms");
  for (const auto duration : {1ms, 61000ms, 86'399'999ms}) {
    CHECK(parse_duration(print_duration(duration)) == duration);
  }
}

TEST_CASE("status shows the two largest units of a duration", "[base]") {
  CHECK(human_duration(0s) == "0s");
  CHECK(human_duration(250ms) == "250ms");
  CHECK(human_duration(12s + 900ms) == "12s");
  CHECK(human_duration(125s) == "2m5s");
  CHECK(human_duration(2min) == "2m");
  CHECK(human_duration(76h + 12min) == "3d4h");
  CHECK(human_duration(72h + 12min) == "3d");
}

TEST_CASE("sizes are powers of 1024 or plain bytes", "[base]") {
  CHECK(parse_size("512KiB") == 512U << 10U);
  CHECK(parse_size("1MiB") == 1U << 20U);
  CHECK(parse_size("2GiB") == 2ULL << 30U);
  CHECK(parse_size("1TiB") == 1ULL << 40U);
  CHECK(parse_size("4096") == 4096U);
  CHECK(parse_size("0") == 0U);
  CHECK(parse_size("50MB").error().message ==
        R"("50MB" is not a size: units are powers of 1024, write "50MiB")");
  CHECK(parse_size("50m").error().message.find("write \"50MiB\"") != std::string::npos);
  CHECK(parse_size("99999999TiB").error().message == R"("99999999TiB" is too large a size)");
  for (const char* text : {"", "MiB", "-1", "1.5MiB", "1 MiB", "1MiBs", "lots"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_size(text));
  }
}

TEST_CASE("status shows sizes with one digit after the point", "[base]") {
  CHECK(human_size(0) == "0B");
  CHECK(human_size(100) == "100B");
  CHECK(human_size(512U << 10U) == "512KiB");
  CHECK(human_size((12U << 20U) + (410U << 10U)) == "12.4MiB");
  CHECK(human_size((312U << 20U) + 1) == "312MiB");
  CHECK(human_size(3ULL << 40U) == "3TiB");
}

TEST_CASE("signals go by name with or without SIG, or by number", "[base]") {
  CHECK(parse_signal("TERM") == SIGTERM);
  CHECK(parse_signal("SIGTERM") == SIGTERM);
  CHECK(parse_signal("sigterm") == SIGTERM);
  CHECK(parse_signal("15") == 15);
  CHECK(parse_signal("RTMIN") == SIGRTMIN);
  CHECK(parse_signal("RTMIN+1") == SIGRTMIN + 1);
  CHECK(parse_signal("SIGRTMAX-2") == SIGRTMAX - 2);
  CHECK(parse_signal("CHLD") == SIGCHLD);
}

TEST_CASE("an unknown signal is refused, with the name that was meant", "[base]") {
  CHECK(parse_signal("TREM").error().message == R"(unknown signal "TREM", did you mean "TERM"?)");
  CHECK(parse_signal("SIGHUPP").error().message ==
        R"(unknown signal "SIGHUPP", did you mean "HUP"?)");
  for (const char* text : {"", "SIG", "0", "65", "-1", "RTMIN-1", "RTMIN+99", "RTMAX+1", "15x"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_signal(text));
  }
}

TEST_CASE("every signal's name reads back as its number", "[base]") {
  CHECK(signal_name(SIGTERM) == "TERM");
  CHECK(signal_name(SIGRTMIN + 1) == "RTMIN+1");
  CHECK(signal_name(0) == "0");
  for (int signal = 1; signal <= 64; ++signal) {
    CAPTURE(signal, signal_name(signal));
    CHECK(parse_signal(signal_name(signal)) == signal);
  }
}
