"""What superd's launchers for Python runners share: the sockets, the application, the way to stop.

A launcher lies beside this file. It takes over the sockets that superd holds (LISTEN_FDS) and lets a
runner serve on them that has no option for that. On TERM or INT it accepts no more, finishes what runs
and what was accepted, and exits with 0; the sockets stay with superd, where the next clients wait.
"""
import argparse
import importlib
import os
import signal
import socket
import sys
import threading

# So long a connection that was accepted may say nothing before a stop waits for it no longer.
SILENCE = 5.0


class HeldSocket(socket.socket):
    """A listening socket that superd holds and that other processes share."""

    def listen(self, *_backlog):
        """It listens already; listen(2) would change the backlog of all who share it."""


def options(arguments, threads=None):
    """The command line: the application and the limits of a stop; `more` has what is left over."""
    parser = argparse.ArgumentParser(description="Serves an application on the sockets of superd.")
    parser.add_argument("app", metavar="MODULE:CALLABLE", help="as in myproject.wsgi:application")
    parser.add_argument(
        "--graceful-timeout", type=float, default=30.0, metavar="SECONDS",
        help="how long a stop waits for requests; give superd's stop.timeout 5 s more (default: 30)")
    if threads is not None:
        parser.add_argument("--threads", type=int, default=threads, metavar="N",
                            help=f"requests served at a time (default: {threads})")
    found, found.more = parser.parse_known_args(arguments)
    return found


def application(name):
    """The callable that `module:callable` names, looked for in the current directory first."""
    sys.path.insert(0, os.getcwd())
    module, _, path = name.partition(":")
    found = importlib.import_module(module)
    for part in (path or "application").split("."):
        found = getattr(found, part)
    return found


def held_sockets():
    """The sockets that superd handed on, all of them, in the order of `listen`.

    Ends the process where there are none. Programs that the application starts get neither the
    descriptors nor the variables that tell of them.

    They do not block: several processes wait on each, one gets the connection, and accept() must not
    hold the others. The flag belongs to the socket and so to all who share it; it is set here and
    never taken away, because the others rely on it as well.
    """
    if os.environ.get("LISTEN_PID") != str(os.getpid()) or not os.environ.get("LISTEN_FDS"):
        sys.exit(f"{os.path.basename(sys.argv[0])}: superd handed on no socket: "
                 'the group needs `listen` and socket_env = "listen_fds"')
    count = int(os.environ["LISTEN_FDS"])
    for variable in ("LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"):
        os.environ.pop(variable, None)
    sockets = [HeldSocket(fileno=fd) for fd in range(3, 3 + count)]
    for held in sockets:
        held.set_inheritable(False)
        held.setblocking(False)
    return sockets


def on_stop(callback):
    """Calls it at TERM and INT. In between any two steps of the main thread: it takes no lock."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: callback())


def leave_within(seconds):
    """Ends the process by then, whatever still runs. Status 0: superd asked for it."""
    def leave():
        print(f"{os.path.basename(sys.argv[0])}: not finished after {seconds:g} s, leaving",
              file=sys.stderr, flush=True)
        os._exit(0)

    timer = threading.Timer(seconds, leave)
    timer.daemon = True
    timer.start()
