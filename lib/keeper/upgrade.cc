#include "keeper/upgrade.h"

#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <unistd.h>

#include "keeper/child.h"
#include "keeper/keeper_link.h"

namespace superd::keeper {
namespace {

std::vector<std::string> with(std::vector<std::string> argv, const char* option, int fd) {
  argv.emplace_back(option);
  argv.push_back(std::to_string(fd));
  return argv;
}

void keep_over_exec(const Handover& handover, int flags) {
  for (const int fd : descriptors_of(handover)) ::fcntl(fd, F_SETFD, flags);
}

}  // namespace

Result<Upgrade> Upgrade::begin(const std::string& path, std::vector<std::string> argv,
                               const Handover& handover, TimePoint deadline) {
  UniqueFd program(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!program) return fail_errno("open " + path, errno);
  const Result<UniqueFd> state = write_handover(handover);
  if (!state) return tl::unexpected(state.error());
  Upgrade upgrade(std::move(program), std::move(argv), deadline);
  const Result<pid_t> checker =
      run_program(upgrade.program_.get(), with(upgrade.argv_, "--check-resume", kLinkFd),
                  state->get(), KeeperDies::killed);
  if (!checker) return tl::unexpected(checker.error());
  upgrade.checker_ = *checker;
  return upgrade;
}

bool Upgrade::checked(const os::Exit& exit) {
  checker_ = -1;
  proven_ = exit.kind == os::Exit::Kind::exited && exit.value == kCanResume;
  return proven_;
}

void Upgrade::give_up() const {
  // Our own child, not reaped yet: the PID is nobody else's.
  if (checker_ > 0) ::kill(checker_, SIGKILL);
}

Error Upgrade::replace_this_process(const Handover& handover) const {
  const Result<UniqueFd> state = write_handover(handover);
  if (!state) return state.error();
  const std::vector<std::string> argv = with(argv_, "--resume", state->get());
  std::vector<char*> arguments;
  arguments.reserve(argv.size() + 1);
  for (const std::string& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  ::fcntl(state->get(), F_SETFD, 0);
  keep_over_exec(handover, 0);
  ::execveat(program_.get(), "", arguments.data(), environ, AT_EMPTY_PATH);
  const int reason = errno;
  keep_over_exec(handover, FD_CLOEXEC);
  return fail_errno("execute the new program", reason).value();
}

}  // namespace superd::keeper
