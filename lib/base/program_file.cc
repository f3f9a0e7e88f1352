#include "base/program_file.h"

#include <array>
#include <cstring>
#include <vector>

#include <elf.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/text.h"
#include "base/unique_fd.h"

namespace superd {
namespace {

// As the kernel follows them.
constexpr int kMostInterpreters = 5;
constexpr std::size_t kFirstLine = 256;
constexpr std::size_t kMostHeaders = 4096;

bool can_execute(const std::string& file) {
  struct stat info {};
  return ::stat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode) &&
         (info.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
}

std::string below(const std::string& directory, std::string_view file) {
  if (file.starts_with('/') || directory.empty()) return std::string(file);
  return fmt::format("{}/{}", directory, file);
}

// Fewer bytes at the end of the file.
template <class Bytes>
std::size_t read_at(const UniqueFd& fd, Bytes& to, std::size_t size, std::size_t offset) {
  const ssize_t got = ::pread(fd.get(), to.data(), size, static_cast<off_t>(offset));
  return got > 0 ? static_cast<std::size_t>(got) : 0;
}

// ELF of both sizes: `Header` and `Segment` are those of one.
template <class Header, class Segment>
bool has_loader(const UniqueFd& fd, const std::array<char, kFirstLine>& head) {
  Header header{};
  std::memcpy(&header, head.data(), sizeof header);
  if (header.e_phentsize != sizeof(Segment) || header.e_phnum > kMostHeaders) return true;
  std::vector<Segment> segments(header.e_phnum);
  const std::size_t size = segments.size() * sizeof(Segment);
  // A file that is cut short is not for us to judge.
  if (read_at(fd, segments, size, header.e_phoff) != size) return true;
  for (const Segment& segment : segments) {
    if (segment.p_type == PT_INTERP) return true;
  }
  return false;
}

struct Kind {
  unsigned char size = ELFCLASSNONE;
  Elf64_Half machine = EM_NONE;  // at the same place in both sizes

  friend bool operator==(const Kind&, const Kind&) = default;
};

Kind kind_of(const std::array<char, kFirstLine>& head) {
  Kind kind;
  kind.size = static_cast<unsigned char>(head[EI_CLASS]);
  std::memcpy(&kind.machine, head.data() + offsetof(Elf64_Ehdr, e_machine), sizeof kind.machine);
  return kind;
}

Kind own_kind() {
  const UniqueFd self(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
  std::array<char, kFirstLine> head{};
  if (!self || read_at(self, head, head.size(), 0) < sizeof(Elf64_Ehdr)) return {};
  return kind_of(head);
}

Status check_elf(const UniqueFd& fd, const std::string& file,
                 const std::array<char, kFirstLine>& head) {
  const Kind kind = kind_of(head);
  const Kind own = own_kind();
  if (own != Kind{} && kind != own) {
    return fail(fmt::format("{} is a program of another architecture", file));
  }
  const bool dynamic = kind.size == ELFCLASS64 ? has_loader<Elf64_Ehdr, Elf64_Phdr>(fd, head)
                                               : has_loader<Elf32_Ehdr, Elf32_Phdr>(fd, head);
  if (!dynamic) return fail(fmt::format("{} is statically linked", file));
  return {};
}

// The loader of a program that gains rights preloads nothing.
Status check_rights(const UniqueFd& fd, const std::string& file) {
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return {};
  if ((info.st_mode & S_ISUID) != 0) return fail(fmt::format("{} is set-user-ID", file));
  if ((info.st_mode & S_ISGID) != 0 && (info.st_mode & S_IXGRP) != 0) {
    return fail(fmt::format("{} is set-group-ID", file));
  }
  if (::fgetxattr(fd.get(), "security.capability", nullptr, 0) > 0) {
    return fail(fmt::format("{} has file capabilities", file));
  }
  return {};
}

std::string interpreter_of(const std::array<char, kFirstLine>& head, std::size_t size) {
  std::string_view line(head.data() + 2, size - 2);
  line = trim(line.substr(0, line.find('\n')));
  return std::string(line.substr(0, line.find_first_of(" \t")));
}

}  // namespace

std::optional<std::string> find_program(const std::string& word, std::string_view path,
                                        const std::string& directory) {
  if (word.find('/') != std::string::npos) {
    std::string file = below(directory, word);
    return can_execute(file) ? std::optional(std::move(file)) : std::nullopt;
  }
  for (const std::string& part : split(path, ':')) {
    std::string file = below(directory, part.empty() ? word : fmt::format("{}/{}", part, word));
    if (can_execute(file)) return file;
  }
  return std::nullopt;
}

Status check_preloadable(const std::string& file) {
  std::string current = file;
  for (int i = 0; i < kMostInterpreters; ++i) {
    const UniqueFd fd(::open(current.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    std::array<char, kFirstLine> head{};
    const std::size_t size = fd ? read_at(fd, head, head.size(), 0) : 0;
    if (size < 2) return {};
    if (head[0] == '#' && head[1] == '!') {
      current = interpreter_of(head, size);
      continue;
    }
    if (size < sizeof(Elf64_Ehdr) || std::memcmp(head.data(), ELFMAG, SELFMAG) != 0) return {};
    if (Status rights = check_rights(fd, current); !rights) return rights;
    return check_elf(fd, current, head);
  }
  return {};
}

}  // namespace superd
