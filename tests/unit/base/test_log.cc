#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "base/log.h"
#include "base/unique_fd.h"

namespace superd {
namespace {

namespace fs = std::filesystem;

// A log file in a folder of its own that is stdout and stderr of this process meanwhile. Nothing is
// checked while it lives: Catch2 writes there.
class OwnLog {
 public:
  OwnLog() {
    std::string name = (fs::temp_directory_path() / "superd-log-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) folder_ = name;
    const UniqueFd file(::open(path().c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640));
    ::dup2(file.get(), STDOUT_FILENO);
    ::dup2(file.get(), STDERR_FILENO);
    log::keep_file(path());
  }
  ~OwnLog() {
    log::keep_file("");
    ::dup2(out_.get(), STDOUT_FILENO);
    ::dup2(err_.get(), STDERR_FILENO);
    fs::remove_all(folder_);
  }
  OwnLog(const OwnLog&) = delete;
  OwnLog& operator=(const OwnLog&) = delete;

  [[nodiscard]] std::string path(const std::string& name = "superd.log") const {
    return (folder_ / name).string();
  }
  [[nodiscard]] std::string text(const std::string& name = "superd.log") const {
    std::ifstream file(path(name));
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  UniqueFd out_{::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3)};
  UniqueFd err_{::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)};
  fs::path folder_;
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_CASE("log: a file that was moved away or removed is made anew with the next line", "[base]") {
  std::string moved;
  std::string made;
  std::string made_again;
  std::string of_stdout;
  {
    const OwnLog own;
    log::info("first");
    fs::rename(own.path(), own.path("superd.log.1"));
    log::info("second");
    moved = own.text("superd.log.1");
    made = own.text();
    fs::remove(own.path());
    log::look_at_file();
    (void)!::write(STDOUT_FILENO, "a worker's\n", 11);
    of_stdout = own.text();
    log::info("third");
    made_again = own.text();
  }
  CHECK(has(moved, "first"));
  CHECK_FALSE(has(moved, "second"));
  CHECK(has(made, "second"));
  CHECK_FALSE(has(made, "first"));
  CHECK(of_stdout == "a worker's\n");
  CHECK(has(made_again, "third"));
}

TEST_CASE("log: where its file cannot be made lines go where they went before", "[base]") {
  std::string moved;
  std::string other;
  {
    const OwnLog own;
    fs::rename(own.path(), own.path("superd.log.1"));
    fs::create_symlink(own.path("other"), own.path());
    log::info("to the old one");
    moved = own.text("superd.log.1");
    other = own.text("other");
  }
  CHECK(has(moved, "to the old one"));
  CHECK(other.empty());
}

}  // namespace
}  // namespace superd
