#!/usr/bin/env python3
"""How long from `touch app.py` to the new process: superd's trigger, uWSGI's touch-reload, gunicorn's
--reload, all in one run.

    cmake --build BUILD --target bench_touch

The same application runs under each at once. Each is touched in turn, at a random moment of its
second; the time ends when the first new process begins: its exec for superd and uWSGI, its fork for
gunicorn, which makes its workers by fork alone. What superd is told to wait for quiet (`settle`) is
subtracted, and printed. Needs gunicorn and uwsgi with its Python plugin; a machine that is idle
otherwise.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

SETTLE_MS = 100
LIMIT_S = 30
APP = """
def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [b"hello"]
"""
CONFIG = """
[superd]
runtime_dir = "run"
log_dir = "log"
[group.web]
command = ["gunicorn", "app:app"]
listen = ["127.0.0.1:{port}"]
env = {{ LD_PRELOAD = "{stamp}", BENCH_STAMPS = "{stamps}" }}
[[group.web.trigger]]
paths = ["app.py"]
settle = "{settle}ms"
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Contestant:
    """A server in a directory of its own, whose new processes leave stamps there."""

    def __init__(self, name, command, options, settle_ms=0):
        self.name, self.settle_ms, self.times = name, settle_ms, []
        self.dir = pathlib.Path(options.dir, name.split()[0])
        self.dir.mkdir()
        self.stamps = self.dir / "stamps"
        self.port = free_port()
        (self.dir / "app.py").write_text(APP)
        words = {"port": self.port, "stamp": options.stamp, "stamps": self.stamps, "settle": settle_ms}
        (self.dir / "superd.toml").write_text(CONFIG.format(**words))
        env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1")
        if settle_ms == 0:  # superd sets these for its workers alone
            env.update(LD_PRELOAD=options.stamp, BENCH_STAMPS=str(self.stamps))
        with open(self.dir / "output", "w") as output:
            self.process = subprocess.Popen(
                [word.format(**words) for word in command],
                cwd=self.dir, env=env, stdout=output, stderr=output)

    def serves(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def marks(self):
        """(kind, ns) of each process that began."""
        lines = self.stamps.read_text().splitlines() if self.stamps.exists() else []
        return [(kind, int(ns)) for kind, _, ns in (line.split() for line in lines)]

    def await_calm(self):
        """Until it serves and no process has begun for a second."""
        deadline = time.monotonic() + LIMIT_S
        count, since = -1, time.monotonic()
        while time.monotonic() - since < 1 or not self.serves():
            if time.monotonic() > deadline or self.process.poll() is not None:
                sys.exit(f"{self.name} does not come to rest: see {self.dir}/output")
            if len(self.marks()) != count:
                count, since = len(self.marks()), time.monotonic()
            time.sleep(0.05)

    def touch(self):
        """Milliseconds until the first new process."""
        known = len(self.marks())
        began = time.monotonic_ns()
        os.utime(self.dir / "app.py")
        deadline = time.monotonic() + LIMIT_S
        while len(self.marks()) == known:
            if time.monotonic() > deadline:
                sys.exit(f"{self.name}: no new process within {LIMIT_S} s: see {self.dir}/output")
            time.sleep(0.01)
        self.kind, ns = self.marks()[known]
        self.times.append((ns - began) / 1e6 - self.settle_ms)

    def end(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        self.process.wait(60)


def contest(options):
    contestants = [
        Contestant("superd trigger", [options.superd], options, settle_ms=SETTLE_MS)]
    try:
        if shutil.which("uwsgi"):
            contestants.append(Contestant(
                "uwsgi touch-reload",
                ["uwsgi", "--plugin", "python3", "--master", "--http-socket", "127.0.0.1:{port}",
                 "--wsgi-file", "app.py", "--callable", "app", "--touch-reload", "app.py"], options))
        if shutil.which("gunicorn"):
            contestants.append(Contestant(
                "gunicorn --reload",
                ["gunicorn", "--reload", "--bind", "127.0.0.1:{port}", "app:app"], options))
        for _ in range(options.times):
            for one in random.sample(contestants, len(contestants)):
                one.await_calm()
                time.sleep(random.random())
                one.touch()
        return contestants
    finally:
        for one in contestants:
            one.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    for program in ("superd", "stamp"):
        parser.add_argument(f"--{program}", required=True, type=os.path.abspath)
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as options.dir:
        contestants = contest(options)
    best = statistics.median(contestants[0].times)
    if options.json:
        print(json.dumps({one.name: one.times for one in contestants}))
        return
    print(f"from touch to the first new process, {options.times} times each, milliseconds")
    print(f"(superd: beyond its settle of {SETTLE_MS} ms)")
    print(f"{'':20} {'until':>5} {'median':>8} {'least':>8} {'most':>8} {'ratio':>7}")
    for one in contestants:
        median = statistics.median(one.times)
        print(f"{one.name:20} {one.kind:>5} {median:8.1f} {min(one.times):8.1f} "
              f"{max(one.times):8.1f} {median / best:7.1f}")


if __name__ == "__main__":
    main()
