#include "daemon/trigger_subjects.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "core/placeholders.h"

namespace superd::daemon {
namespace {

std::string expanded(const std::string& text, const std::string& group, int worker) {
  core::PlaceholderValues values;
  values.group = group;
  values.worker = worker;
  // Checked with the config: only these two are there.
  return core::expand_placeholders(text, values).value_or(text);
}

const std::vector<PathPattern>& paths_of(const Subject& subject) { return subject.order.paths; }

std::vector<PathPattern> patterns(const core::GroupSpec& group,
                                  const std::vector<std::string>& paths) {
  std::vector<PathPattern> patterns;
  for (const std::string& path : paths) {
    std::set<std::pair<std::string, std::string>> known;
    for (int worker = 1; worker <= group.workers; ++worker) {
      std::string directory = expanded(group.directory, group.name, worker);
      std::string own = expanded(path, group.name, worker);
      if (!known.emplace(directory, own).second) continue;
      patterns.push_back(PathPattern::make(directory, own));
    }
  }
  return patterns;
}

}  // namespace

std::vector<Subject> subjects_of(const core::GroupSpec& group) {
  const std::string directory = expanded(group.directory, group.name, 1);
  std::vector<Subject> subjects;
  if (group.hold_file) {
    subjects.push_back({.order = {.paths = patterns(group, {*group.hold_file}),
                                  .ignore = core::Ignore({}, directory)},
                        .settle = core::Settle::kLeast,
                        .looked = Subject::Looked::with_every_other});
  }
  for (const core::TriggerSpec& trigger : group.triggers) {
    subjects.push_back(
        {.order = {.paths = patterns(group, trigger.paths),
                   .ignore = core::Ignore(trigger.ignore, directory),
                   .judge = trigger.content ? core::Judge::content : core::Judge::identity},
         .settle = trigger.settle,
         .poll = trigger.poll});
  }
  return subjects;
}

bool watch_the_same(const core::GroupSpec& a, const core::GroupSpec& b) {
  if (a.triggers != b.triggers || a.hold_file != b.hold_file || a.directory != b.directory) {
    return false;
  }
  const std::vector<Subject> as = subjects_of(a);
  const std::vector<Subject> bs = subjects_of(b);
  return std::ranges::equal(as, bs, {}, paths_of, paths_of);
}

}  // namespace superd::daemon
