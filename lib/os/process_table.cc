#include "os/process_table.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <numeric>

#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include "base/number.h"
#include "base/shortage.h"
#include "os/directory.h"
#include "os/read_file.h"

namespace superd::os {
namespace {

// Takes the next word off the text.
std::string_view next_word(std::string_view& text) {
  const std::size_t begin = std::min(text.find_first_not_of(" \n"), text.size());
  text.remove_prefix(begin);
  const std::string_view word = text.substr(0, text.find_first_of(" \n"));
  text.remove_prefix(word.size());
  return word;
}

std::uint64_t resident_bytes(pid_t pid) {
  const Result<std::string> statm = read_file(fmt::format("/proc/{}/statm", pid));
  if (!statm) return 0;
  std::string_view rest = *statm;
  next_word(rest);
  const auto pages = to_number<std::uint64_t>(next_word(rest));
  return pages.value_or(0) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::optional<std::uint64_t> proportional_bytes(pid_t pid) {
  const Result<std::string> rollup = read_file(fmt::format("/proc/{}/smaps_rollup", pid));
  if (!rollup) return std::nullopt;
  constexpr std::string_view kKey = "\nPss:";
  const std::size_t at = rollup->find(kKey);
  if (at == std::string::npos) return std::nullopt;
  std::string_view rest = std::string_view(*rollup).substr(at + kKey.size());
  const auto kibibytes = to_number<std::uint64_t>(next_word(rest));
  if (!kibibytes) return std::nullopt;
  return *kibibytes * 1024;
}

}  // namespace

std::optional<ProcessInfo> parse_stat(std::string_view line) {
  const std::size_t open = line.find(" (");
  // The command may hold `)`; nothing behind it does.
  const std::size_t close = line.rfind(") ");
  if (open == std::string_view::npos || close == std::string_view::npos || close < open + 2) {
    return std::nullopt;
  }
  ProcessInfo info;
  info.command = line.substr(open + 2, close - open - 2);
  std::string_view rest = line.substr(close + 2);
  const std::string_view state = next_word(rest);
  const auto pid = to_number<pid_t>(line.substr(0, open));
  const auto parent = to_number<pid_t>(next_word(rest));
  const auto group = to_number<pid_t>(next_word(rest));
  const auto session = to_number<pid_t>(next_word(rest));
  constexpr int kFieldsBetweenSessionAndStart = 15;
  for (int skipped = 0; skipped < kFieldsBetweenSessionAndStart; ++skipped) next_word(rest);
  const auto started = to_number<std::uint64_t>(next_word(rest));
  if (!pid || !parent || !group || !session || !started || state.size() != 1) return std::nullopt;
  info.id = {.pid = *pid, .start_time = *started};
  info.state = state.front();
  info.parent = *parent;
  info.process_group = *group;
  info.session = *session;
  return info;
}

Result<ProcessInfo> read_process(pid_t pid) {
  const Result<std::string> line = read_file(fmt::format("/proc/{}/stat", pid));
  // A process that ends while it is looked at shows as ENOENT at open or as ESRCH at read.
  if (!line && line.error().code != ENOENT && line.error().code != ESRCH) {
    return tl::unexpected(line.error());
  }
  if (!line || line->empty()) return fail(fmt::format("no process {}", pid), ESRCH);
  std::optional<ProcessInfo> info = parse_stat(*line);
  if (!info) return fail(fmt::format("/proc/{}/stat makes no sense", pid), EPROTO);
  return std::move(*info);
}

Result<ProcessTable> ProcessTable::snapshot() {
  const Directory proc(::opendir("/proc"));
  if (!proc) return fail_errno("cannot list /proc", errno);
  std::vector<ProcessInfo> processes;
  while (const dirent* entry = ::readdir(proc.get())) {
    const auto pid = to_number<pid_t>(static_cast<const char*>(entry->d_name));
    if (!pid) continue;
    Result<ProcessInfo> info = read_process(*pid);
    if (info) {
      processes.push_back(std::move(*info));
    } else if (is_shortage(info.error().code)) {
      return tl::unexpected(info.error());
    }
  }
  return ProcessTable(std::move(processes));
}

ProcessTable::ProcessTable(std::vector<ProcessInfo> processes)
    : processes_(std::move(processes)), by_parent_(processes_.size()) {
  std::sort(processes_.begin(), processes_.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
  std::iota(by_parent_.begin(), by_parent_.end(), std::size_t{0});
  std::stable_sort(by_parent_.begin(), by_parent_.end(), [this](std::size_t a, std::size_t b) {
    return processes_[a].parent < processes_[b].parent;
  });
}

const ProcessInfo* ProcessTable::find(pid_t pid) const {
  const auto at = std::lower_bound(processes_.begin(), processes_.end(), pid,
                                   [](const ProcessInfo& p, pid_t key) { return p.id.pid < key; });
  return at != processes_.end() && at->id.pid == pid ? &*at : nullptr;
}

std::vector<const ProcessInfo*> ProcessTable::children_of(pid_t pid) const {
  std::vector<const ProcessInfo*> children;
  auto at = std::lower_bound(
      by_parent_.begin(), by_parent_.end(), pid,
      [this](std::size_t index, pid_t key) { return processes_[index].parent < key; });
  for (; at != by_parent_.end() && processes_[*at].parent == pid; ++at) {
    // A snapshot is not taken at one instant: a reused PID may seem to be its own parent.
    if (processes_[*at].id.pid != pid) children.push_back(&processes_[*at]);
  }
  return children;
}

std::vector<const ProcessInfo*> ProcessTable::descendants_of(pid_t pid) const {
  std::vector<const ProcessInfo*> found;
  // For the same reason a chain of parents may close to a ring: each is taken once.
  std::vector<bool> taken(processes_.size());
  const auto take_children = [&](pid_t parent) {
    for (const ProcessInfo* child : children_of(parent)) {
      const auto index = static_cast<std::size_t>(child - processes_.data());
      if (child->id.pid == pid || taken[index]) continue;
      taken[index] = true;
      found.push_back(child);
    }
  };
  take_children(pid);
  for (std::size_t next = 0; next < found.size(); ++next) take_children(found[next]->id.pid);
  return found;
}

std::vector<const ProcessInfo*> ProcessTable::session_of(pid_t session) const {
  std::vector<const ProcessInfo*> found;
  for (const ProcessInfo& process : processes_) {
    if (process.session == session) found.push_back(&process);
  }
  return found;
}

std::string command_line(pid_t pid, std::size_t limit) {
  Result<std::string> text = read_file(fmt::format("/proc/{}/cmdline", pid), limit);
  if (!text) return "";
  text->erase(text->find_last_not_of('\0') + 1);
  for (char& c : *text) {
    if (c == '\0') c = ' ';
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = '?';
  }
  return std::move(*text);
}

MemoryUse memory_use(std::span<const pid_t> pids) {
  MemoryUse use;
  for (const pid_t pid : pids) {
    const std::optional<std::uint64_t> share = proportional_bytes(pid);
    const std::uint64_t resident = share ? 0 : resident_bytes(pid);
    use.bytes += share.value_or(resident);
    // What is gone, or was never a program, has neither.
    if (resident > 0) use.proportional = false;
  }
  return use;
}

std::optional<std::string> environment_variable(pid_t pid, std::string_view name) {
  constexpr std::size_t kMost = 4U << 20;
  const Result<std::string> text = read_file(fmt::format("/proc/{}/environ", pid), kMost);
  if (!text) return std::nullopt;
  std::string_view rest = *text;
  while (!rest.empty()) {
    const std::string_view entry = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
    if (entry.size() > name.size() && entry.starts_with(name) && entry[name.size()] == '=') {
      return std::string(entry.substr(name.size() + 1));
    }
  }
  return std::nullopt;
}

}  // namespace superd::os
