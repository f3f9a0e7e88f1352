#include "config/load.h"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "base/text.h"
#include "config/daemon_table.h"
#include "config/group.h"
#include "config/hooks.h"
#include "config/paths.h"
#include "config/signals.h"
#include "config/source.h"
#include "config/toml_text.h"
#include "core/worker_ref.h"

namespace superd::config {
namespace {

class Loader {
 public:
  Loader(const std::string& file, const Defaults& defaults, const Machine& machine)
      : main_(file), machine_(machine) {
    spec_.daemon = default_daemon(defaults);
  }

  Loaded load() {
    auto source = read_source(main_);
    if (!source) {
      problems_.add({.file = main_, .line = 0, .column = 0},
                    "cannot be read: " + source.error().message);
      superd_error_ = problems_.all().front();
      extent_ = Extent::part;
    } else {
      read_file(main_, *source);
    }
    check_across(groups_, extent_, spec_.daemon, problems_);
    Problems warnings;
    check_orders(orders_, groups_, extent_, problems_, warnings);
    for (const PlacedOrder& placed : orders_) spec_.daemon.signals.push_back(placed.order);
    Loaded loaded{.spec = std::move(spec_),
                  .errors = problems_.sorted(shown_),
                  .superd_error = superd_error_,
                  .files = files_};
    for (PlacedGroup& group : groups_) {
      for (const ConfigError& warning : group.warnings) {
        warnings.add(warning.place, warning.message);
      }
      loaded.runners.push_back(std::move(group.runner));
      loaded.spec.groups.push_back(std::move(group.spec));
    }
    if (loaded.errors.empty()) loaded.warnings = warnings.sorted(shown_);
    return loaded;
  }

 private:
  void read_file(const std::string& file, const Source& source) {
    const std::pair identity{source.device, source.inode};
    if (std::find(seen_.begin(), seen_.end(), identity) != seen_.end()) return;
    seen_.push_back(identity);
    shown_.push_back(file);
    const std::string directory = directory_of(file);
    files_.push_back(join_path(directory, file.substr(file.rfind('/') + 1)));

    const ParsedToml parsed = parse_toml(source.text, file);
    if (parsed.error) extent_ = Extent::part;
    Problems found;
    const Context context{.machine = machine_,
                          .problems = found,
                          .directory = directory,
                          .incomplete = parsed.error.has_value()};
    TableReader root(std::get<Table>(parsed.root.data), parsed.root.place, "", found);
    const bool is_main = shown_.size() == 1;
    if (const auto field = root.field("superd")) read_superd(*field, context, is_main);
    if (is_main) superd_error_ = found.all().empty() ? parsed.error : found.all().front();
    if (const auto field = root.field("group")) read_groups(*field, context);
    if (const auto field = root.field("hook")) read_hooks(*field, context, spec_.hooks);
    const auto include = root.field("include");
    if (include && !is_main) {
      include->error(fmt::format("only the main file, {}, can include others", main_));
    }
    report_misplaced_groups(root);
    root.finish();
    const std::size_t errors = found.all().size();
    const auto included =
        include && is_main ? find_included(*include, file) : std::vector<IncludedFile>();
    if (found.all().size() > errors) extent_ = Extent::part;
    keep_sound(found, parsed.error);
    for (const IncludedFile& next : included) read_included(next);
  }

  void read_included(const IncludedFile& included) {
    const auto source = read_source(included.path);
    if (source) return read_file(included.path, *source);
    extent_ = Extent::part;
    problems_.add(included.by.place(), fmt::format("include: cannot read {}: {}", included.path,
                                                   source.error().message));
  }

  void read_superd(const Field& field, const Context& context, bool is_main) {
    auto table = as_table(field);
    if (!table) return;
    if (is_main) {
      if (const auto signals = table->table("signals")) orders_ = read_signals(*signals);
      return read_daemon(*table, context, spec_.daemon);
    }
    context.problems.add(field.place(),
                         fmt::format("[superd] belongs into the main file, {}", main_));
  }

  void read_groups(const Field& field, const Context& context) {
    const auto* table = field.as<Table>();
    if (table == nullptr) return field.wrong("a table", "write [group.NAME]");
    const TableReader names(*table, field.place(), field.path(), context.problems);
    for (const Entry& entry : *table) {
      check_group_name(entry, context.problems);
      const auto reader = as_table(names.field(entry));
      if (!reader) {
        extent_ = Extent::part;
        continue;
      }
      PlacedGroup group = read_group_table(*reader, entry.key, context);
      // Half a file's groups prove nothing about the others.
      if (!context.incomplete) groups_.push_back(std::move(group));
    }
  }

  static void check_group_name(const Entry& entry, Problems& problems) {
    if (core::is_group_name(entry.key)) return;
    const bool reserved = entry.key == "all" || entry.key == "self";
    problems.add(
        entry.place,
        reserved
            ? fmt::format("no group can be called {}: superctl gives the word a meaning", entry.key)
            : fmt::format("{} cannot be the name of a group: use lower-case letters, "
                          "digits, _ and -, and begin with a letter or digit",
                          quoted(entry.key)));
  }

  // `[web]` for `[group.web]`.
  static void report_misplaced_groups(TableReader& root) {
    for (const Entry& entry : root.entries()) {
      const auto* table = std::get_if<Table>(&entry.value.data);
      const bool is_group = table != nullptr && !root.knows(entry.key) &&
                            std::any_of(table->begin(), table->end(),
                                        [](const Entry& inner) { return inner.key == "command"; });
      if (!is_group) continue;
      root.skip(entry.key);
      root.problems().add(entry.place, fmt::format("unknown key {}: a group is written [group.{}]",
                                                   quoted(entry.key), entry.key));
    }
  }

  // Takes over what was found in a file; behind its syntax error nothing is certain.
  void keep_sound(const Problems& found, const std::optional<ConfigError>& syntax) {
    const auto position = [](const core::Place& place) {
      return std::tie(place.line, place.column);
    };
    for (const ConfigError& error : found.all()) {
      if (syntax && position(error.place) >= position(syntax->place)) continue;
      problems_.add(error.place, error.message);
    }
    if (syntax) problems_.add(syntax->place, syntax->message);
  }

  std::string main_;
  const Machine& machine_;
  core::Spec spec_;
  std::vector<PlacedGroup> groups_;
  std::vector<PlacedOrder> orders_;
  Extent extent_ = Extent::whole;
  Problems problems_;
  std::optional<ConfigError> superd_error_;
  std::vector<std::string> shown_;  // files as places show them
  std::vector<std::string> files_;  // the same, absolute
  std::vector<std::pair<dev_t, ino_t>> seen_;
};

}  // namespace

Loaded load(const std::string& file, const Defaults& defaults, const Machine& machine) {
  return Loader(file, defaults, machine).load();
}

Loaded load(const std::string& file, const Defaults& defaults) {
  return load(file, defaults, this_machine());
}

}  // namespace superd::config
