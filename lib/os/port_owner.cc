#include "os/port_owner.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <dirent.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <unistd.h>

#include "os/process_table.h"
#include "os/read_file.h"

namespace superd::os {
namespace {

struct HexAddress {
  std::string host;  // 8 digits a word, as /proc/net prints them
  std::string port;
};

HexAddress hex_of(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof in);
    return {.host = fmt::format("{:08X}", in.sin_addr.s_addr),
            .port = fmt::format("{:04X}", ntohs(in.sin_port))};
  }
  sockaddr_in6 in6{};
  std::memcpy(&in6, address, sizeof in6);
  std::array<std::uint32_t, 4> words{};
  std::memcpy(words.data(), &in6.sin6_addr, sizeof words);
  HexAddress hex{.host = "", .port = fmt::format("{:04X}", ntohs(in6.sin6_port))};
  for (const std::uint32_t word : words) hex.host += fmt::format("{:08X}", word);
  return hex;
}

bool is_wildcard(std::string_view host) {
  return host.find_first_not_of('0') == std::string_view::npos;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (true) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    if (line.empty()) return words;
    words.push_back(line.substr(0, line.find(' ')));
    line.remove_prefix(words.back().size());
  }
}

}  // namespace

bool holds_one_of(pid_t pid, const std::vector<std::string>& links) {
  const std::string directory = fmt::format("/proc/{}/fd", pid);
  DIR* const listing = ::opendir(directory.c_str());
  if (listing == nullptr) return false;
  bool found = false;
  while (const dirent* entry = ::readdir(listing)) {
    std::array<char, 64> target{};
    const std::string path =
        fmt::format("{}/{}", directory, static_cast<const char*>(entry->d_name));
    const ssize_t size = ::readlink(path.c_str(), target.data(), target.size());
    if (size <= 0) continue;
    const std::string_view link(target.data(), static_cast<std::size_t>(size));
    if (std::find(links.begin(), links.end(), link) != links.end()) found = true;
  }
  ::closedir(listing);
  return found;
}

std::vector<std::string> listening_inodes(std::string_view net_table, const sockaddr* address) {
  const HexAddress wanted = hex_of(address);
  std::vector<std::string> inodes;
  while (!net_table.empty()) {
    const std::string_view line = net_table.substr(0, net_table.find('\n'));
    net_table.remove_prefix(std::min(net_table.size(), line.size() + 1));
    // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
    const std::vector<std::string_view> words = words_of(line);
    constexpr std::size_t kLocal = 1;
    constexpr std::size_t kState = 3;
    constexpr std::size_t kInode = 9;
    if (words.size() <= kInode || words[kState] != "0A") continue;
    const std::size_t colon = words[kLocal].find(':');
    if (colon == std::string_view::npos || words[kLocal].substr(colon + 1) != wanted.port) continue;
    const std::string_view host = words[kLocal].substr(0, colon);
    if (host == wanted.host || is_wildcard(host) || is_wildcard(wanted.host)) {
      inodes.emplace_back(words[kInode]);
    }
  }
  return inodes;
}

std::string port_owner(const sockaddr* address) {
  std::vector<std::string> links;
  // A v6 wildcard socket that is not V6ONLY stands in the way of v4 as well.
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    const Result<std::string> text = read_file(table, 64U << 20);
    if (!text) continue;
    for (const std::string& inode : listening_inodes(*text, address)) {
      links.push_back(fmt::format("socket:[{}]", inode));
    }
  }
  if (links.empty()) return "";
  const Result<ProcessTable> table = ProcessTable::snapshot();
  if (!table) return "";
  for (const ProcessInfo& process : table->processes()) {
    if (!holds_one_of(process.id.pid, links)) continue;
    return fmt::format("{} (PID {})", process.command, process.id.pid);
  }
  return "";
}

}  // namespace superd::os
