#pragma once

#include <concepts>
#include <type_traits>

#include "wire/views.h"

// Each view's fields, named once for both ways. A visitor gets `visit(name, member)` for a field
// that is always there, null where it holds nothing, and `visit.optional(name, member)` for one
// that is left out then. For the files of lib/wire alone.
namespace superd::wire {

// A view of this type, const (to be written) or not (to be filled).
template <class View, class Type>
concept Any = std::same_as<std::remove_const_t<View>, Type>;

template <Any<ExitView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("code", view.code);
  visit("signal", view.signal);
  visit("reason", view.reason);
}

template <Any<DrainingView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("pid", view.pid);
  visit("generation", view.generation);
}

template <Any<SuccessorView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("pid", view.pid);
  visit("generation", view.generation);
}

template <Any<WorkerView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("name", view.name);
  visit("state", view.state);
  visit("pid", view.pid);
  visit("generation", view.generation);
  visit("since", view.since);
  visit("uptime_s", view.uptime_s);
  visit("restarts", view.restarts);
  visit("exit", view.exit);
  visit("detail", view.detail);
  visit("draining", view.draining);
  visit.optional("next", view.next);
  visit.optional("procs", view.procs);
  visit.optional("memory_bytes", view.memory_bytes);
  visit.optional("memory_measure", view.memory_measure);
  visit.optional("cpu_ms", view.cpu_ms);
  visit.optional("pids", view.pids);
  visit.optional("tracking", view.tracking);
}

template <Any<QueueView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("listener", view.listener);
  visit("length", view.length);
  visit("limit", view.limit);
}

template <Any<GroupView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("name", view.name);
  visit("state", view.state);
  visit("generation", view.generation);
  visit("ready", view.ready);
  visit("wanted", view.wanted);
  visit("restarts", view.restarts);
  visit("uptime_s", view.uptime_s);
  visit("listen", view.listen);
  visit("cause", view.cause);
  visit("as_meant", view.as_meant);
  visit.optional("roll", view.roll);
  visit.optional("held", view.held);
  visit.optional("looks_because", view.looks_because);
  visit.optional("repeats", view.repeats);
  visit.optional("deaf", view.deaf);
  visit.optional("queues", view.queues);
  visit("workers", view.workers);
}

template <Any<SuperdView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("version", view.version);
  visit("pid", view.pid);
  visit("supervisor_pid", view.supervisor_pid);
  visit("uptime_s", view.uptime_s);
  visit("tracking", view.tracking);
  visit.optional("unknown", view.unknown);
}

template <Any<StatusView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("superd", view.superd);
  visit("groups", view.groups);
}

template <Any<PidView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("pid", view.pid);
  visit("worker", view.worker);
  visit("group", view.group);
  visit("role", view.role);
  visit("generation", view.generation);
  visit("ppid", view.ppid);
  visit("command", view.command);
}

template <Any<PidsView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("group", view.group);
  visit("pids", view.pids);
}

template <Any<WorkerOutcomeView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("name", view.name);
  visit("result", view.result);
  visit("message", view.message);
  visit("exit", view.exit);
  visit("output", view.output);
}

template <Any<OutcomeView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("result", view.result);
  visit("roll", view.roll);
  visit("group", view.group);
  visit("action", view.action);
  visit("generation", view.generation);
  visit("workers", view.workers);
  visit("message", view.message);
  visit.optional("before", view.before);
}

template <Any<AppliedView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("group", view.group);
  visit("result", view.result);
  visit("roll", view.roll);
  visit("message", view.message);
}

template <Any<ApplyView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("result", view.result);
  visit("plan", view.plan);
  visit("groups", view.groups);
}

template <Any<AcceptedView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("roll", view.roll);
}

template <Any<RollStepView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("number", view.number);
  visit("time", view.time);
  visit("worker", view.worker);
  visit("kind", view.kind);
  visit("message", view.message);
  visit("pid", view.pid);
}

template <Any<RollView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("id", view.id);
  visit("action", view.action);
  visit("group", view.group);
  visit("worker", view.worker);
  visit("cause", view.cause);
  visit("state", view.state);
  visit("result", view.result);
  visit("waits_for", view.waits_for);
  visit("generation", view.generation);
  visit("workers", view.workers);
  visit("replaced", view.replaced);
  visit("message", view.message);
  visit("began", view.began);
  visit("ended", view.ended);
  visit("failed", view.failed);
  visit.optional("before", view.before);
  visit("steps", view.steps);
  visit.optional("left_out", view.left_out);
}

template <Any<RollsView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("rolls", view.rolls);
}

template <Any<FindingView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("what", view.what);
  visit("verdict", view.verdict);
  visit("message", view.message);
  visit("remedy", view.remedy);
}

template <Any<DoctorView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("pid", view.pid);
  visit("cgroup", view.cgroup);
  visit("stop_time_s", view.stop_time_s);
  visit("findings", view.findings);
}

template <Any<OccurrenceView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("id", view.id);
  visit("time", view.time);
  visit("event", view.event);
  visit.optional("group", view.group);
  visit.optional("worker", view.worker);
  visit.optional("pid", view.pid);
  visit.optional("generation", view.generation);
  visit.optional("roll", view.roll);
  visit.optional("cause", view.cause);
  visit.optional("step", view.step);
  visit.optional("result", view.result);
  visit.optional("message", view.message);
  visit.optional("exit", view.exit);
}

template <Any<TransitionView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("time", view.time);
  visit("from", view.from);
  visit("to", view.to);
  visit("cause", view.cause);
  visit("pid", view.pid);
  visit("exit", view.exit);
  visit("message", view.message);
}

template <Any<HistoryView> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("name", view.name);
  visit("state", view.state);
  visit("since", view.since);
  visit("cause", view.cause);
  visit("exit", view.exit);
  visit("output", view.output);
  visit("transitions", view.transitions);
  visit("next", view.next);
  visit.optional("held", view.held);
  visit.optional("looks_because", view.looks_because);
  visit.optional("repeats", view.repeats);
  visit.optional("deaf", view.deaf);
  visit("workers", view.workers);
  visit.optional("roll", view.roll);
  visit.optional("generation", view.generation);
  visit.optional("pid", view.pid);
  visit.optional("message", view.message);
  visit.optional("restarts", view.restarts);
  visit.optional("draining", view.draining);
  visit.optional("ready", view.ready);
  visit.optional("wanted", view.wanted);
  visit.optional("events", view.events);
}

template <Any<LogLine> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("time", view.time);
  visit("worker", view.worker);
  visit("stream", view.stream);
  visit("text", view.text);
  visit.optional("event", view.event);
  visit.optional("place", view.place);
}

template <Any<Problem> View, class Visitor>
void fields(View& view, Visitor& visit) {
  visit("type", view.type);
  visit("title", view.title);
  visit("status", view.status);
  visit("detail", view.detail);
  visit.optional("errors", view.errors);
}

}  // namespace superd::wire
