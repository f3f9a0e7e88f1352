#include "keeper/handover.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "keeper/protocol.h"

namespace superd::keeper {
namespace {

// The last byte is the format's: another one only where older programs must not read it.
constexpr std::string_view kMagic = "SPDKEEP1";
constexpr std::size_t kMaxSize = std::size_t{64} << 20;

// Never renumbered. Each is written as tag, size and that many bytes.
enum class Field : std::uint32_t {
  item = 1,            // number of descriptors, descriptors, name
  pending_signal = 2,  // number
  exits = 3,           // read end, write end
  runtime_dir = 4,     // descriptor
  ready = 5,           // descriptor
  supervisor = 6,      // pid, descriptor
  logger = 7,          // pid, descriptor
  started = 8,         // nothing: its presence says it
  notify_socket = 9,   // text
  watchdog = 10,       // milliseconds
  guard = 11,          // descriptor
};

// Numbers as the machine has them: reader and writer are one process.
void put_number(std::string& text, std::int32_t number) {
  char bytes[sizeof(number)];
  std::memcpy(bytes, &number, sizeof(number));
  text.append(bytes, sizeof(number));
}

void put(std::string& text, Field field, std::span<const int> numbers, std::string_view tail = "") {
  put_number(text, static_cast<std::int32_t>(field));
  put_number(text, static_cast<std::int32_t>(numbers.size() * sizeof(std::int32_t) + tail.size()));
  for (const int number : numbers) put_number(text, number);
  text += tail;
}

// Takes numbers and text off the front of a field, or of the whole.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}
  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  std::optional<std::int32_t> number() {
    std::int32_t value = 0;
    if (rest_.size() < sizeof(value)) return std::nullopt;
    std::memcpy(&value, rest_.data(), sizeof(value));
    rest_.remove_prefix(sizeof(value));
    return value;
  }
  std::optional<std::string_view> text(std::size_t size) {
    if (rest_.size() < size) return std::nullopt;
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }
  [[nodiscard]] std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

bool read_item(Reader reader, Handover& handover) {
  const auto count = reader.number();
  if (!count || *count < 1 || static_cast<std::size_t>(*count) > kMaxItemDescriptors) return false;
  Handover::HeldItem item;
  for (int i = 0; i < *count; ++i) {
    const auto fd = reader.number();
    if (!fd) return false;
    item.fds.push_back(*fd);
  }
  item.name = reader.rest();
  if (!is_item_name(item.name)) return false;
  handover.items.push_back(std::move(item));
  return true;
}

bool read_pair(Reader reader, int& first, int& second) {
  const auto a = reader.number();
  const auto b = reader.number();
  if (!a || !b) return false;
  first = *a;
  second = *b;
  return true;
}

bool read_one(Reader reader, int& value) {
  const auto number = reader.number();
  if (number) value = *number;
  return number.has_value();
}

bool read_field(std::int32_t tag, Reader reader, Handover& to) {
  int number = 0;
  switch (static_cast<Field>(tag)) {
    case Field::item:
      return read_item(reader, to);
    case Field::pending_signal:
      if (!read_one(reader, number)) return false;
      to.pending_signals.push_back(number);
      return true;
    case Field::exits:
      return read_pair(reader, to.exits_read, to.exits_write);
    case Field::runtime_dir:
      return read_one(reader, to.runtime_dir);
    case Field::ready:
      return read_one(reader, to.ready);
    case Field::supervisor:
      return read_pair(reader, to.supervisor.pid, to.supervisor.link);
    case Field::logger:
      return read_pair(reader, to.logger.pid, to.logger.link);
    case Field::started:
      to.started = true;
      return true;
    case Field::notify_socket:
      to.notify_socket = reader.rest();
      return true;
    case Field::watchdog:
      if (!read_one(reader, number)) return false;
      to.watchdog = std::chrono::milliseconds(std::max(0, number));
      return true;
    case Field::guard:
      return read_one(reader, to.guard);
  }
  return true;  // of a later version
}

Status check(const Handover& handover) {
  if (handover.runtime_dir < 0) return fail("it names no runtime directory", EBADMSG);
  if (handover.exits_read < 0 || handover.exits_write < 0) {
    return fail("it names no pipe of exit records", EBADMSG);
  }
  std::vector<int> fds = descriptors_of(handover);
  std::sort(fds.begin(), fds.end());
  if (fds.front() < 3) return fail("it names a standard descriptor", EBADMSG);
  if (std::adjacent_find(fds.begin(), fds.end()) != fds.end()) {
    return fail("it names a descriptor twice", EBADMSG);
  }
  return {};
}

}  // namespace

std::vector<int> descriptors_of(const Handover& handover) {
  std::vector<int> fds;
  for (const Handover::HeldItem& item : handover.items) {
    fds.insert(fds.end(), item.fds.begin(), item.fds.end());
  }
  for (const int fd :
       {handover.exits_read, handover.exits_write, handover.runtime_dir, handover.guard,
        handover.ready, handover.supervisor.link, handover.logger.link}) {
    if (fd != -1) fds.push_back(fd);
  }
  return fds;
}

std::string encode(const Handover& handover) {
  std::string text(kMagic);
  for (const Handover::HeldItem& item : handover.items) {
    std::vector<int> numbers{static_cast<int>(item.fds.size())};
    numbers.insert(numbers.end(), item.fds.begin(), item.fds.end());
    put(text, Field::item, numbers, item.name);
  }
  for (const int signal : handover.pending_signals) {
    put(text, Field::pending_signal, std::array{signal});
  }
  put(text, Field::exits, std::array{handover.exits_read, handover.exits_write});
  put(text, Field::runtime_dir, std::array{handover.runtime_dir});
  if (handover.ready >= 0) put(text, Field::ready, std::array{handover.ready});
  put(text, Field::supervisor, std::array{handover.supervisor.pid, handover.supervisor.link});
  put(text, Field::logger, std::array{handover.logger.pid, handover.logger.link});
  if (handover.started) put(text, Field::started, {});
  put(text, Field::notify_socket, {}, handover.notify_socket);
  const auto watchdog = std::min<std::int64_t>(handover.watchdog.count(), INT_MAX);
  put(text, Field::watchdog, std::array{static_cast<int>(watchdog)});
  if (handover.guard >= 0) put(text, Field::guard, std::array{handover.guard});
  return text;
}

Result<Handover> decode_handover(std::string_view text) {
  if (!text.starts_with(kMagic)) return fail("it is of another format", EBADMSG);
  Handover handover;
  Reader reader(text.substr(kMagic.size()));
  while (!reader.at_end()) {
    const auto tag = reader.number();
    const auto size = reader.number();
    const auto value =
        size && *size >= 0 ? reader.text(static_cast<std::size_t>(*size)) : std::nullopt;
    if (!tag || !value) return fail("it is cut", EBADMSG);
    if (!read_field(*tag, Reader(*value), handover)) {
      return fail(fmt::format("its field {} makes no sense", *tag), EBADMSG);
    }
  }
  if (Status sound = check(handover); !sound) return tl::unexpected(sound.error());
  return handover;
}

Result<UniqueFd> write_handover(const Handover& handover) {
  const std::string text = encode(handover);
  UniqueFd fd(::memfd_create("superd-keeper", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd) return fail_errno("make a memfd", errno);
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t size = ::write(fd.get(), text.data() + done, text.size() - done);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return fail_errno("write the keeper's state", errno);
    done += static_cast<std::size_t>(size);
  }
  const int seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
  if (::fcntl(fd.get(), F_ADD_SEALS, seals) != 0) return fail_errno("seal a memfd", errno);
  return fd;
}

Result<Handover> read_handover(int fd) {
  struct stat stat {};
  if (::fstat(fd, &stat) != 0) return fail_errno("read the keeper's state", errno);
  const auto size = static_cast<std::size_t>(std::max<off_t>(0, stat.st_size));
  if (size > kMaxSize) return fail("the keeper's state is too long", EBADMSG);
  std::string text(size, '\0');
  for (std::size_t done = 0; done < size;) {
    const ssize_t more = ::pread(fd, text.data() + done, size - done, static_cast<off_t>(done));
    if (more < 0 && errno == EINTR) continue;
    if (more <= 0) return fail_errno("read the keeper's state", errno);
    done += static_cast<std::size_t>(more);
  }
  return decode_handover(text);
}

}  // namespace superd::keeper
