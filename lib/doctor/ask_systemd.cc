// ask_systemd: one run of systemctl.
#include <cerrno>
#include <chrono>

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include "base/text.h"
#include "doctor/unit_facts.h"
#include "os/pipe.h"
#include "os/process.h"
#include "os/read_pipe.h"
#include "os/spawn.h"

namespace superd::doctor {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds kPatience{5};
constexpr std::size_t kMostOutput = 64 * 1024;

bool wait_readable(int fd, Clock::time_point until) {
  while (true) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return false;
    pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
    const int ready = ::poll(&waited, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

std::vector<std::string> environment() {
  std::vector<std::string> all;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry) {
    all.emplace_back(*entry);
  }
  return all;
}

// What it prints until it has ended.
Result<std::string> read_all(int fd, Clock::time_point until) {
  std::string text;
  while (wait_readable(fd, until)) {
    const os::PipeState state =
        os::read_pipe(fd, kMostOutput, [&](std::string_view part) { text += part; });
    if (state == os::PipeState::closed) return text;
    if (text.size() > kMostOutput) return fail("systemctl prints too much");
  }
  return fail("systemctl gives no answer", ETIMEDOUT);
}

}  // namespace

Result<UnitFacts> ask_systemd(const Unit& unit) {
  Result<os::Pipe> pipe = os::make_pipe();
  if (!pipe) return tl::unexpected(pipe.error());
  os::SpawnRequest request;
  request.argv = {"systemctl"};
  request.env = environment();
  if (unit.manager == Unit::Manager::user) request.argv.emplace_back("--user");
  request.argv.insert(request.argv.end(), {"show", "--property=" + unit_properties(), unit.name});
  request.stdout_fd = pipe->write.get();
  const auto child = os::spawn(request);
  if (!child) return tl::unexpected(child.error());
  pipe->write.reset();
  const auto until = Clock::now() + kPatience;
  Result<std::string> text = read_all(pipe->read.get(), until);
  if (!wait_readable(child->pidfd.get(), until)) {
    static_cast<void>(os::signal_pidfd(child->pidfd.get(), SIGKILL));
    wait_readable(child->pidfd.get(), Clock::now() + kPatience);
  }
  const auto exit = os::reap(child->pidfd.get());
  if (!text) return tl::unexpected(text.error());
  const bool good = exit && *exit && (*exit)->kind == os::Exit::Kind::exited && (*exit)->value == 0;
  if (!good || trim(*text).empty()) return fail("systemctl show failed");
  return parse_unit_facts(*text);
}

}  // namespace superd::doctor
