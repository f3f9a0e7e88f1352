#include "core/backoff.h"

#include <algorithm>
#include <cmath>

namespace superd::core {
namespace {

// splitmix64's finaliser: neighbouring seeds give unrelated numbers. In [-1, 1).
double spread(std::uint64_t seed) {
  seed += 0x9e3779b97f4a7c15ULL;
  seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9ULL;
  seed = (seed ^ (seed >> 27)) * 0x94d049bb133111ebULL;
  seed ^= seed >> 31;
  return static_cast<double>(seed >> 11) / static_cast<double>(1ULL << 52) - 1.0;
}

Duration delay_of(int in_a_row, const BackoffSpec& backoff, std::uint64_t seed) {
  const double max = static_cast<double>(backoff.max.count());
  const double growth = std::pow(backoff.factor, static_cast<double>(in_a_row - 1));
  const double exact = static_cast<double>(backoff.min.count()) * growth;
  // The power may be infinite, and infinity times a `min` of 0 is no number.
  const double bounded = std::isnan(exact) ? 0.0 : std::min(exact, max);
  const double jittered = bounded * (1.0 + backoff.jitter * spread(seed));
  if (jittered >= max) return backoff.max;
  return std::max(Duration::zero(), Duration(static_cast<Duration::rep>(jittered)));
}

bool gives_up(Failures& failures, const GiveUpSpec& give_up, TimePoint now) {
  if (give_up.failures == 0) return false;
  failures.recent.push_back(now);
  std::erase_if(failures.recent, [&](TimePoint at) { return now - at > give_up.within; });
  return failures.recent.size() >= static_cast<std::size_t>(give_up.failures);
}

}  // namespace

NextAttempt after_life(Failures& failures, Duration ready_for, const RespawnSpec& respawn,
                       std::uint64_t seed, TimePoint now) {
  if (ready_for > Duration::zero() && ready_for >= respawn.reset_after) {
    failures = Failures{};
    return NextAttempt{.kind = NextAttempt::Kind::respawn, .delay = Duration::zero()};
  }
  ++failures.in_a_row;
  if (gives_up(failures, respawn.give_up, now)) {
    return NextAttempt{.kind = NextAttempt::Kind::give_up, .delay = Duration::zero()};
  }
  return NextAttempt{.kind = NextAttempt::Kind::respawn,
                     .delay = delay_of(failures.in_a_row, respawn.backoff, seed)};
}

Duration after_shortage(Failures& failures, const BackoffSpec& backoff, std::uint64_t seed) {
  return delay_of(++failures.in_a_row, backoff, seed);
}

}  // namespace superd::core
