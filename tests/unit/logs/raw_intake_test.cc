#include "logs/raw_intake.h"

#include <cerrno>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "os/output_pipe.h"
#include "os/splice.h"

using namespace superd;
using namespace superd::logs;

namespace {

// A worker's pipe, and who takes what comes out of it.
struct Fixture {
  os::OutputPipe output = std::move(*os::make_output_pipe());
  RawIntake intake{std::make_shared<const UniqueFd>(std::move(output.read)),
                   std::move(*os::make_transit_pipe()),
                   std::make_shared<RawIntake::SharedGlance>()};
  std::size_t room = static_cast<std::size_t>(fcntl(output.write.get(), F_GETPIPE_SZ));

  void write(std::string_view text) const {
    REQUIRE(::write(output.write.get(), text.data(), text.size()) ==
            static_cast<ssize_t>(text.size()));
  }
  // Lines of eight bytes, as many as there is room for, the last of them its own.
  void fill(std::string_view last) const {
    std::string text;
    while (text.size() + 8 < room) text += "another\n";
    text.replace(text.size() - 8, 7, last);
    write(text);
  }
  // The job of the file.
  [[nodiscard]] std::size_t empty_transit() const {
    return os::throw_away(intake.transit(), os::bytes_in(intake.transit()));
  }
};

constexpr std::size_t kAll = std::size_t{1} << 20;

}  // namespace

TEST_CASE("raw: of much output the end is seen, and all of it is taken", "[logs]") {
  Fixture f;
  f.fill("the end");
  const std::size_t bytes = os::bytes_in(f.intake.pipe());
  CHECK(f.intake.take(kAll) == static_cast<ssize_t>(bytes));
  CHECK(os::bytes_in(f.intake.transit()) == bytes);
  const RawIntake::Seen seen = f.intake.collect();
  CHECK(seen.text.ends_with("another\nthe end\n"));
  CHECK(seen.text.size() < bytes);
  CHECK(seen.behind_unseen);
  CHECK(f.intake.collect().text.empty());
  CHECK(f.intake.take(kAll) == -1);
  CHECK(errno == EAGAIN);
}

TEST_CASE("raw: the file's job takes more where much has come meanwhile, and the end is seen",
          "[logs]") {
  Fixture f;
  f.write("little\n");
  CHECK_FALSE(f.intake.take_more());
  CHECK(f.intake.take(kAll) == 7);
  CHECK(f.empty_transit() == 7);
  f.fill("before_");
  REQUIRE(f.intake.take_more());
  CHECK(f.empty_transit() > f.room / 2);
  f.fill("the end");
  REQUIRE(f.intake.take_more());
  CHECK_FALSE(f.intake.take_more());
  const RawIntake::Seen seen = f.intake.collect();
  CHECK(seen.text.ends_with("another\nthe end\n"));
  CHECK(seen.text.find("before_") == std::string::npos);
  CHECK(seen.behind_unseen);
}

TEST_CASE("raw: while a line is looked for, every byte is seen, and the job takes none", "[logs]") {
  Fixture f;
  f.intake.see_all(true);
  f.fill("the end");
  const std::size_t bytes = os::bytes_in(f.intake.pipe());
  CHECK_FALSE(f.intake.take_more());
  CHECK(f.intake.take(kAll) == static_cast<ssize_t>(bytes));
  RawIntake::Seen seen = f.intake.collect();
  CHECK(seen.text.size() == bytes);
  CHECK_FALSE(seen.behind_unseen);
  CHECK(f.empty_transit() == bytes);
  f.fill("the end");
  f.intake.see_all(false);
  CHECK(f.intake.take_more());
}

TEST_CASE("raw: after the worker's end the job takes no more", "[logs]") {
  Fixture f;
  f.fill("the end");
  f.intake.stop();
  CHECK_FALSE(f.intake.take_more());
  const std::size_t bytes = os::bytes_in(f.intake.pipe());
  CHECK(f.intake.look_at_pipe() == bytes);
  CHECK(os::bytes_in(f.intake.pipe()) == bytes);
  CHECK(f.intake.collect().text.size() == bytes);
}

TEST_CASE("raw: what is lost is seen all the same", "[logs]") {
  Fixture f;
  f.write("the last words\n");
  CHECK(f.intake.lose(kAll) == 15);
  CHECK(os::bytes_in(f.intake.transit()) == 0);
  CHECK(f.intake.collect().text == "the last words\n");
}
