#include "keeper/alive_watch.h"

namespace superd::keeper {

void AliveWatch::expect(TimePoint now) {
  if (!due_) heard_ = now;
  if (due_ && expecting_) return;
  expecting_ = true;
  ticks_ = 0;
  due_ = now + limits_.tick;
}

void AliveWatch::heard(TimePoint now) {
  if (!due_) return;
  heard_ = now;
  expecting_ = false;
  due_ = now + limits_.interval;
}

AliveWatch::Verdict AliveWatch::look(TimePoint now) {
  if (!due_ || now < *due_) return Verdict::fine;
  if (!expecting_) {
    expect(now);
    return Verdict::ask;
  }
  due_ = now + limits_.tick;
  if (++ticks_ < limits_.ticks) return Verdict::fine;
  due_.reset();
  return Verdict::hangs;
}

}  // namespace superd::keeper
