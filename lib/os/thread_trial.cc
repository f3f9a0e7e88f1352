#include "os/thread_trial.h"

#include <filesystem>
#include <iterator>
#include <latch>
#include <vector>

#include <poll.h>
#include <pthread.h>

namespace superd::os {
namespace {

// For the kernel to take away a thread that has ended, which it counts until then.
constexpr int kRounds = 200;

std::ptrdiff_t count_threads() {
  std::error_code failed;
  const std::filesystem::directory_iterator threads("/proc/self/task", failed);
  return failed ? 0 : std::distance(begin(threads), end(threads));
}

}  // namespace

Status try_threads(int count) {
  const std::ptrdiff_t before = count_threads();
  std::latch all_made(1);
  const auto wait = [](void* latch) -> void* {
    static_cast<std::latch*>(latch)->wait();
    return nullptr;
  };
  std::vector<pthread_t> threads;
  int error = 0;
  while (error == 0 && static_cast<int>(threads.size()) < count) {
    pthread_t thread{};
    error = ::pthread_create(&thread, nullptr, wait, &all_made);
    if (error == 0) threads.push_back(thread);
  }
  all_made.count_down();
  for (const pthread_t thread : threads) ::pthread_join(thread, nullptr);
  for (int round = 0; round < kRounds && count_threads() > before; ++round) ::poll(nullptr, 0, 1);
  if (error != 0) return fail_errno("no thread can be made", error);
  return {};
}

}  // namespace superd::os
