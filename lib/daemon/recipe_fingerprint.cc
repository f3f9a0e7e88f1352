#include <optional>
#include <string_view>
#include <type_traits>
#include <vector>

#include "daemon/recipe.h"

namespace superd::daemon {
namespace {

// FNV-1a over fields of known length: no two different sequences of fields are the same bytes.
class Hash {
 public:
  [[nodiscard]] std::uint64_t value() const { return value_; }

  template <class Number>
  requires std::is_arithmetic_v<Number>
  void add(Number number) {
    auto rest = static_cast<std::uint64_t>(number);
    for (int byte = 0; byte < 8; ++byte, rest >>= 8) add_byte(static_cast<unsigned char>(rest));
  }
  void add(std::string_view text) {
    add(text.size());
    for (const char c : text) add_byte(static_cast<unsigned char>(c));
  }
  void add(const std::string& text) { add(std::string_view(text)); }
  void add(const core::EnvEntry& entry) {
    add(entry.name);
    add(entry.value);
  }
  void add(const core::RlimitSpec& limit) {
    add(limit.soft);
    add(limit.hard);
  }
  void add(const core::LimitsSpec& limits) {
    add(limits.nofile);
    add(limits.core);
    add(limits.address_space);
    add(limits.nproc);
    add(limits.nice);
    add(limits.oom_score_adj);
    add(limits.cpus);
    add(limits.no_new_privileges);
  }
  void add(const os::Identity& identity) {
    add(identity.uid);
    add(identity.gid);
    add(identity.groups);
  }
  void add(const core::Account& account) {
    add(account.name);
    add(account.home);
    add(account.shell);
  }
  void add(const Recipe::ForWorker& worker) {
    add(worker.directory);
    add(worker.env_file);
  }
  template <class T>
  void add(const std::optional<T>& field) {
    add(field.has_value());
    if (field) add(*field);
  }
  template <class T>
  void add(const std::vector<T>& list) {
    add(list.size());
    for (const T& element : list) add(element);
  }

 private:
  void add_byte(unsigned char byte) { value_ = (value_ ^ byte) * 0x100000001b3ULL; }

  std::uint64_t value_ = 0xcbf29ce484222325ULL;
};

}  // namespace

std::uint64_t fingerprint(const Recipe& recipe) {
  Hash hash;
  hash.add(recipe.group);
  hash.add(recipe.command);
  hash.add(recipe.socket_names);
  hash.add(recipe.addresses);
  hash.add(recipe.listen_fds);
  hash.add(recipe.socket_shim);
  hash.add(recipe.ready_fd);
  hash.add(recipe.port_base);
  hash.add(recipe.env);
  hash.add(recipe.clear_env);
  hash.add(recipe.identity);
  hash.add(recipe.account);
  hash.add(recipe.umask);
  hash.add(recipe.limits);
  hash.add(recipe.workers);
  return hash.value();
}

}  // namespace superd::daemon
