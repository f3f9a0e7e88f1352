#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

// What the control socket answers, as plain values: one struct a JSON object, one member a field of
// the same name. Both ends use them; wire/json.h turns them into text and back.
//
// Words of the state machines (`state`, `from`, `to`) travel as text, so that a client can show a
// state that a later superd invents. Times are RFC 3339 in UTC, durations whole seconds, sizes
// bytes. Reading a reply, a field that is missing keeps its default and an unknown one is ignored.
namespace superd::wire {

// How a main process ended. Where no program was executed only `reason` is set.
struct ExitView {
  std::optional<int> code{};
  std::optional<std::string> signal{};  // by name, `KILL`
  std::string reason{};                 // in words, `exited with status 1`
};

// An old process that finishes its requests while its successor serves.
struct DrainingView {
  std::optional<std::int64_t>
      pid{};  // null: the main process has ended, others of its tree are left
  int generation = 0;
};

// A new process that is starting beside the one that it is to replace.
struct SuccessorView {
  std::optional<std::int64_t> pid{};  // null: not made yet
  int generation = 0;
};

struct WorkerView {
  std::string name{};  // `web.1`
  std::string state{};
  std::optional<std::int64_t> pid{};  // null: no process
  int generation = 0;                 // 0: never started
  std::string since{};                // in this state since
  std::int64_t uptime_s = 0;          // of the process; 0: none
  std::uint64_t restarts = 0;
  std::optional<ExitView> exit{};  // of the last process that ended; null: none did
  std::string detail{};            // one line: the worker's own status, or what it waits for
  std::vector<DrainingView> draining{};
  std::optional<SuccessorView> next{};  // absent: none

  // These cost a look at every process: GET /v1/groups/{g} and /v1/workers/{g.n} alone have them.
  std::optional<std::uint64_t> procs{};         // processes of the whole tree
  std::optional<std::uint64_t> memory_bytes{};  // of the whole tree
  // `pss`: pages that it shares with others count by its share; `rss`: superd may not read the
  // share of some process, whose shared pages count in full.
  std::optional<std::string> memory_measure{};
  std::optional<std::uint64_t> cpu_ms{};  // used by it, children that ended included
  std::optional<std::vector<std::int64_t>> pids{};
  std::optional<std::string> tracking{};  // how this worker's processes are known: `cgroup`, …
};

// The connections of a held socket that nobody has accepted yet.
struct QueueView {
  std::string listener{};  // `127.0.0.1:8000`
  std::uint64_t length = 0;
  std::uint64_t limit = 0;
};

struct GroupView {
  std::string name{};
  std::string state{};
  int generation = 0;
  int ready = 0;   // workers that are ready
  int wanted = 0;  // workers that should be
  std::uint64_t restarts = 0;
  std::int64_t uptime_s = 0;
  std::vector<std::string> listen{};  // `127.0.0.1:8000`
  std::string cause{};                // of the last start, stop or roll
  // Running as it should, or stopped because somebody asked for it.
  bool as_meant = true;
  std::optional<std::uint64_t> roll{};  // the one in hand; absent: none
  // That nothing automatic is done, by whom, and what is due at the release; absent: not held.
  std::optional<std::string> held{};
  // Why the changes that its triggers wait for are found by looking at an interval only.
  std::optional<std::string> looks_because{};
  // Why a trigger that fired has not acted yet; absent: none waits.
  std::optional<std::string> repeats{};
  // Why a connection does not start the group that waits for one; absent: it does, or none waits.
  std::optional<std::string> deaf{};
  std::optional<std::vector<QueueView>> queues{};  // GET /v1/groups/{g} alone has them
  std::vector<WorkerView> workers{};
};

struct SuperdView {
  std::string version{};
  std::int64_t pid = 0;  // of the keeper
  std::int64_t supervisor_pid = 0;
  std::int64_t uptime_s = 0;
  std::string tracking{};  // the level in force, in words
  // Processes that came home to superd and that nothing attributes to a worker; absent: none.
  std::optional<std::vector<std::int64_t>> unknown{};
};

// GET /v1/status
struct StatusView {
  SuperdView superd{};
  std::vector<GroupView> groups{};
};

enum class Role {
  main,     // the process that superd started
  child,    // a descendant of it
  unknown,  // came home to superd and nothing attributes it; worker and group are empty
};

// One process; also the answer of GET /v1/pids/{pid} (404: not superd's).
struct PidView {
  std::int64_t pid = 0;
  std::string worker{};
  std::string group{};
  Role role = Role::unknown;
  int generation = 0;
  std::int64_t ppid = 0;
  std::string command{};  // as ps shows it; may hold any byte that a process put there
};

// GET /v1/groups/{g}/pids
struct PidsView {
  std::string group{};
  std::vector<PidView> pids{};
};

enum class Verdict {
  done,
  failed,      // tried; the workers say what went wrong
  timed_out,   // `timed-out`: the caller's timeout is over, the work goes on
  superseded,  // another command for the same object took over before this one was done
};

struct WorkerOutcomeView {
  std::string name{};
  Verdict result = Verdict::done;
  std::string message{};  // why not, without the worker's name; empty when done
  std::optional<ExitView> exit{};
  std::vector<std::string> output{};  // the last lines that the process wrote, oldest first
};

// The answer of every waiting POST on a group or a worker, status 200.
struct OutcomeView {
  Verdict result = Verdict::done;
  std::optional<std::uint64_t> roll{};  // the one that served the command; null for a signal
  std::string group{};
  std::string action{};  // `start`, `stop`, `restart`, `signal`, `reload`
  int generation = 0;    // in force afterwards
  std::vector<WorkerOutcomeView> workers{};
  std::string message{};  // of the whole: what became of a roll; empty where the workers say it all
  std::optional<std::vector<std::string>> before{};  // what roll.before wrote last, where it failed
};

// The answer of a POST with `"wait": false`, status 202.
struct AcceptedView {
  std::uint64_t roll = 0;  // the one that serves the command
};

struct RollStepView {
  std::uint64_t number = 0;  // counts over all rolls: for `?after=`
  std::string time{};
  std::string worker{};               // `web.1`; empty: of the roll as a whole
  std::string kind{};                 // `ready`, `failed`, …
  std::string message{};              // in words, without the worker's name
  std::optional<std::int64_t> pid{};  // of the new process
};

// GET /v1/rolls/{id}: what a start, a stop or a restart is doing, or has come to.
struct RollView {
  std::uint64_t id = 0;
  std::string action{};  // `start`, `stop`, `restart`
  std::string group{};
  std::optional<std::string> worker{};  // null: the whole group
  std::string cause{};
  std::string state{};  // `running`, `finished` (as asked for), `aborted`
  // `done`, `failed`; of a roll that did not get through `rolled-back`, `mixed`, `stopped`.
  std::optional<std::string> result{};       // null: not over
  std::optional<std::uint64_t> waits_for{};  // the roll that has to end before this one begins
  int generation = 0;                        // that it makes; 0: none
  int workers = 0;                           // that it is about
  int replaced = 0;                          // of them, by now
  std::string message{};                     // what became of it, in one sentence
  std::string began{};                       // or was asked for
  std::string ended{};                       // empty: not over
  std::vector<WorkerOutcomeView> failed{};   // the first few that failed
  std::optional<std::vector<std::string>> before{};  // as in OutcomeView
  std::vector<RollStepView> steps{};                 // oldest first
  std::optional<std::uint64_t> left_out{};           // steps in the middle that were not kept
};

// GET /v1/rolls
struct RollsView {
  std::vector<RollView> rolls{};  // oldest first
};

// What happened: superd-control(7), EVENTS. A field that says nothing of the kind is left out.
struct OccurrenceView {
  std::uint64_t id = 0;  // grows
  std::string time{};
  std::string event{};  // `worker.exited`
  std::optional<std::string> group{};
  std::optional<std::string> worker{};  // `web.2`
  std::optional<std::int64_t> pid{};    // of the main process
  std::optional<int> generation{};
  std::optional<std::uint64_t> roll{};   // in hand meanwhile
  std::optional<std::string> cause{};    // `command uid=0 pid=4711`, `worker web.2`, `exit` …
  std::optional<std::string> step{};     // of roll.step, as in RollStepView
  std::optional<std::string> result{};   // of roll.finished and roll.aborted, as in RollView
  std::optional<std::string> message{};  // in words
  std::optional<ExitView> exit{};
};

struct TransitionView {
  std::string time{};
  std::string from{};
  std::string to{};
  std::string cause{};
  std::optional<std::int64_t> pid{};
  std::optional<ExitView> exit{};
  std::string message{};  // what happened, in words
};

// GET /v1/groups/{g}/why and /v1/workers/{g.n}/why: why it is in the state that it is in.
struct HistoryView {
  std::string name{};
  std::string state{};
  std::string since{};
  std::string cause{};
  std::optional<ExitView> exit{};
  std::vector<std::string> output{};          // the last lines of the last process
  std::vector<TransitionView> transitions{};  // oldest first
  std::string next{};                         // what superd does next, in words; empty: nothing
  // These four as in GroupView.
  std::optional<std::string> held{};
  std::optional<std::string> looks_because{};
  std::optional<std::string> repeats{};
  std::optional<std::string> deaf{};
  std::vector<HistoryView> workers{};  // of a group
  std::optional<RollView> roll{};      // of a group: the one in hand, or the last; absent: none
  // By which it runs, of a group the one in force; absent: no process, none was made yet.
  std::optional<int> generation{};
  // Of a worker alone. `message`: what led to the state.
  std::optional<std::int64_t> pid{};
  std::optional<std::string> message{};
  std::optional<std::uint64_t> restarts{};
  std::optional<std::vector<DrainingView>> draining{};  // absent: none
  // Of a group alone.
  std::optional<int> ready{};
  std::optional<int> wanted{};
  // What happened lately to this name, and to superd meanwhile, oldest first: also what earlier
  // supervisors told. Absent for a worker that is well in the answer on its group.
  std::optional<std::vector<OccurrenceView>> events{};
};

// What an apply came to for one group.
struct AppliedView {
  std::string group{};
  Verdict result = Verdict::done;
  std::optional<std::uint64_t> roll{};  // the latest, to be asked for its steps and last lines
  std::string message{};                // why not; empty when done
};

// The answer of POST /v1/apply.
struct ApplyView {
  // `done`, `failed`; `planned`: a dry run; `begun`: not waited for; `timed-out`
  std::string result{};
  std::vector<std::string> plan{};    // one line a change; empty: nothing differs
  std::vector<AppliedView> groups{};  // those that changed; planned, begun: empty
};

// GET /v1/groups/{g}/logs: one object a line (newline-delimited JSON), oldest first.
struct LogLine {
  std::string time{};    // empty where the log's format has none (raw)
  std::string worker{};  // `web.1`
  std::string stream{};  // `stdout` or `stderr`; empty where the format does not tell
  std::string text{};    // without the newline
  // Where it is followed: `worker.spawned` or `worker.exited`, told among the lines; `missed`:
  // older lines are no longer kept; `reached`: the lines of this worker that were there are told.
  std::optional<std::string> event{};
  std::optional<std::string> place{};  // where to go on behind it (?after=)
};

struct FindingView {
  std::string what{};     // the area and the thing: `kernel: pidfs numbers`
  std::string verdict{};  // `ok`, `missing`, `problem`
  std::string message{};
  std::string remedy{};  // empty: nothing to do
};

// GET /v1/doctor: what the machine offers to superd and what is missing. Its service manager is
// left to the client to ask, which needs the rest.
struct DoctorView {
  std::int64_t pid = 0;        // of the keeper
  std::string cgroup{};        // the text of its /proc/PID/cgroup
  std::int64_t stop_time_s{};  // how long an ordered shutdown may take, by the groups' stop.timeout
  std::vector<FindingView> findings{};
};

// An error answer, `application/problem+json` (RFC 9457).
struct Problem {
  std::string type = "about:blank";
  std::string title{};  // the reason phrase of the status
  int status = 500;
  std::string detail{};  // a whole sentence without a full stop; names the object and the remedy
  // 422: all errors of a config, `file:line:column: message`.
  std::optional<std::vector<std::string>> errors{};
};

const char* name(Role role);
const char* name(Verdict verdict);

}  // namespace superd::wire
