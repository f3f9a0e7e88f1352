#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include <elf.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "base/program_file.h"

using namespace superd;

namespace {

// A folder of files that can be executed.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "superd-base-XXXXXX").string();
    REQUIRE(mkdtemp(name.data()) != nullptr);
    path_ = name;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string write(const std::string& name, const std::string& text,
                                  mode_t mode = 0755) const {
    const std::string file = path_ + "/" + name;
    std::filesystem::create_directories(std::filesystem::path(file).parent_path());
    std::ofstream(file, std::ios::binary) << text;
    REQUIRE(::chmod(file.c_str(), mode) == 0);
    return file;
  }

 private:
  std::string path_;
};

// This very program, which is dynamic.
std::string own_program() {
  std::ifstream file("/proc/self/exe", std::ios::binary);
  std::string head(std::size_t{64} * 1024, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  return head;
}

template <class Change>
std::string changed(std::string program, Change change) {
  auto* header = reinterpret_cast<Elf64_Ehdr*>(program.data());
  change(*header, reinterpret_cast<Elf64_Phdr*>(program.data() + header->e_phoff));
  return program;
}

std::string refusal(const std::string& file) {
  const Status can = check_preloadable(file);
  return can ? "" : can.error().message;
}

}  // namespace

TEST_CASE("program file: one is found as it would be executed", "[base]") {
  const Folder folder;
  const std::string tool = folder.write("bin/tool", "x");
  (void)folder.write("plain/tool", "x", 0644);
  const std::string& at = folder.path();
  CHECK(find_program("tool", at + "/none:" + at + "/plain:" + at + "/bin", "/") == tool);
  CHECK(find_program("tool", "plain:bin", at) == tool);
  CHECK(find_program("bin/tool", "/nowhere", at) == tool);
  CHECK(find_program(tool, "", "/") == tool);
  CHECK_FALSE(find_program("plain/tool", "", at));
  CHECK_FALSE(find_program("bin", "", at));
  CHECK_FALSE(find_program("tool", "/nowhere", at));
}

TEST_CASE("program file: nothing can be preloaded into a static program or a foreign one",
          "[base]") {
  const Folder folder;
  const std::string own = own_program();
  CHECK(refusal(folder.write("dynamic", own)).empty());
  const std::string fixed = folder.write("static", changed(own, [](auto& header, auto* segments) {
                                           for (int i = 0; i < header.e_phnum; ++i) {
                                             if (segments[i].p_type == PT_INTERP) {
                                               segments[i].p_type = PT_NULL;
                                             }
                                           }
                                         }));
  CHECK(refusal(fixed) == fixed + " is statically linked");
  const std::string foreign =
      folder.write("foreign", changed(own, [](auto& header, auto*) { header.e_machine = EM_68K; }));
  CHECK(refusal(foreign) == foreign + " is a program of another architecture");
  const std::string narrow = folder.write(
      "narrow", changed(own, [](auto& header, auto*) { header.e_ident[EI_CLASS] = ELFCLASS32; }));
  CHECK(refusal(narrow) == narrow + " is a program of another architecture");
}

TEST_CASE("program file: nothing can be preloaded into a program that gains rights", "[base]") {
  const Folder folder;
  const std::string user = folder.write("user", own_program(), 04755);
  CHECK(refusal(user) == user + " is set-user-ID");
  const std::string group = folder.write("group", own_program(), 02755);
  CHECK(refusal(group) == group + " is set-group-ID");
}

TEST_CASE("program file: of a script its interpreter counts", "[base]") {
  const Folder folder;
  const std::string root = folder.write("root", own_program(), 04755);
  const std::string script = folder.write("script", "#! " + root + " -x\necho\n");
  CHECK(refusal(script) == root + " is set-user-ID");
  CHECK(refusal(folder.write("second", "#!" + script + "\n")) == root + " is set-user-ID");
  CHECK(refusal(folder.write("shell", "#!/bin/sh\n")).empty());
  const std::string loop = folder.path() + "/loop";
  (void)folder.write("loop", "#!" + loop + "\n");
  CHECK(refusal(loop).empty());
}

TEST_CASE("program file: what is no program, or cut short, is not judged", "[base]") {
  const Folder folder;
  const std::string own = own_program();
  CHECK(refusal(folder.write("text", "hello")).empty());
  CHECK(refusal(folder.write("empty", "")).empty());
  CHECK(refusal(folder.path() + "/missing").empty());
  CHECK(refusal(folder.path()).empty());
  for (std::size_t size = 0; size < 1024; size += 7) {
    const std::string message = refusal(folder.write("short", own.substr(0, size)));
    CHECK(message.empty());
  }
  const std::string wild = folder.write("wild", changed(own, [](auto& header, auto*) {
                                          header.e_phoff = ~0ULL;
                                          header.e_phnum = 0xffff;
                                        }));
  CHECK(refusal(wild).empty());
}
