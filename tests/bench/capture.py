#!/usr/bin/env python3
"""What it costs to take a program's output to a file: superd's logger beside `cat >file`, s6-log,
svlogd, multilog and supervisord, all in one run.

    cmake --build BUILD --target bench_capture

The same writer fills a pipe with lines of 100 bytes, as fast as they are taken. The time begins with
its first write and ends when the last line is in the file; the CPU time is that of the process that
reads, all its threads. Everybody rotates, at 50 MiB (multilog: at its limit of 16 MB), but cat. The
directory is in memory, unless --dir tells another place: what is measured is not the disk. Who is not
installed is left out. Needs a machine that is idle otherwise: take the medians of several rounds.
"""
import argparse
import json
import os
import pathlib
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

LINE = b"0123456789" * 9 + b"abcdefghi\n"
BLOCK = LINE * 640
LAST = b"the last line\n"
ROTATE_AT = 50 << 20
LIMIT_S = 120

SUPERD = """
[superd]
runtime_dir = "run"
log_dir = "log"
worker_socket = false
[group.out]
command = {command}
[group.out.respawn]
policy = "never"
[group.out.log]
format = "{format}"
max_size = "50MiB"
keep = 3
"""
SUPERVISORD = """
[supervisord]
nodaemon=true
logfile={dir}/own.log
pidfile={dir}/pid
childlogdir={dir}
[program:out]
command={command}
autorestart=false
startsecs=0
redirect_stderr=true
stdout_logfile={dir}/log/out.log
stdout_logfile_maxbytes=50MB
stdout_logfile_backups=3
"""


def write(count, began):
    """The writer: `count` bytes in lines, and one line more."""
    pathlib.Path(began).write_text(str(time.monotonic_ns()))
    for _ in range(count // len(BLOCK)):
        os.write(1, BLOCK)
    os.write(1, LAST)


def cpu_seconds(pid):
    """Of all threads of a process that lives."""
    tasks = pathlib.Path(f"/proc/{pid}/task").glob("*/schedstat")
    return sum(int(task.read_text().split()[0]) for task in tasks) / 1e9


def ends_with_last_line(path):
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 4096))
            return LAST[:-1] in file.read()
    except OSError:
        return False


def until(what, process, condition):
    deadline = time.monotonic() + LIMIT_S
    while not condition():
        if time.monotonic() > deadline or process.poll() is not None:
            sys.exit(f"{what} does not come to its end")
        time.sleep(0.002)


class Contestant:
    def __init__(self, name, options):
        self.name, self.options, self.speeds, self.cpu = name, options, [], []

    def round(self):
        with tempfile.TemporaryDirectory(dir=self.options.dir) as name:
            self.dir = pathlib.Path(name)
            (self.dir / "log").mkdir()
            self.began = self.dir / "began"
            self.writer = [sys.executable, __file__, "--write", str(self.options.bytes), str(self.began)]
            cpu = self.run()
            seconds = (time.monotonic_ns() - int(self.began.read_text())) / 1e9
        self.speeds.append(self.options.bytes / seconds / 1e6)
        self.cpu.append(cpu / (self.options.bytes / 1e9))


class Filter(Contestant):
    """Reads its standard input, and ends with it."""

    def __init__(self, name, command, options, settings=""):
        super().__init__(name, options)
        self.command, self.settings = command, settings

    def run(self):
        (self.dir / "log" / "config").write_text(self.settings)
        with open(self.dir / "out", "wb") as out:
            reader = subprocess.Popen(self.command, cwd=self.dir, stdin=subprocess.PIPE, stdout=out)
        writer = subprocess.Popen(self.writer, stdout=reader.stdin)
        reader.stdin.close()
        _, status, usage = os.wait4(reader.pid, 0)
        reader.returncode = status
        if status != 0 or writer.wait() != 0:
            sys.exit(f"{self.name} failed")
        return usage.ru_utime + usage.ru_stime


class Supervisor(Contestant):
    """Starts the writer itself, and goes on."""

    def __init__(self, name, command, config, live, reader, options):
        super().__init__(name, options)
        self.command, self.config, self.live, self.reader = command, config, live, reader

    def run(self):
        self.config(self.dir, self.writer)
        process = subprocess.Popen(self.command, cwd=self.dir, stdout=subprocess.DEVNULL,
                                   stderr=open(self.dir / "own", "w"))
        try:
            until(self.name, process, lambda: ends_with_last_line(self.dir / "log" / self.live))
            return cpu_seconds(self.reader(process.pid))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def superd(log_format, options):
    def config(folder, writer):
        (folder / "superd.toml").write_text(
            SUPERD.format(command=json.dumps(writer), format=log_format))

    def logger(keeper):
        for pid in pathlib.Path(f"/proc/{keeper}/task/{keeper}/children").read_text().split():
            if b"superd: logger" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        sys.exit("superd: no logger")

    return Supervisor(f"superd {log_format}", [options.superd, "-c", "superd.toml"], config,
                      "out.1.log", logger, options)


def supervisord(options):
    def config(folder, writer):
        (folder / "supervisord.conf").write_text(
            SUPERVISORD.format(dir=folder, command=" ".join(writer)))

    return Supervisor("supervisord", ["supervisord", "-n", "-c", "supervisord.conf"], config, "out.log",
                      lambda pid: pid, options)


def contestants(options):
    """Those that add times after those that do not."""
    plain = [Filter("cat >file", ["cat"], options), superd("raw", options)]
    timed = [superd("cri", options), superd("json", options)]
    size = f"s{ROTATE_AT}"
    if shutil.which("s6-log"):
        plain.append(Filter("s6-log", ["s6-log", "n3", size, "./log"], options))
        timed.append(Filter("s6-log t", ["s6-log", "t", "n3", size, "./log"], options))
    if shutil.which("svlogd"):
        plain.append(Filter("svlogd", ["svlogd", "./log"], options, f"{size}\nn3\n"))
        timed.append(Filter("svlogd -t", ["svlogd", "-t", "./log"], options, f"{size}\nn3\n"))
    if shutil.which("multilog"):
        plain.append(Filter("multilog", ["multilog", "n3", "s16777215", "./log"], options))
        timed.append(Filter("multilog t", ["multilog", "t", "n3", "s16777215", "./log"], options))
    if shutil.which("supervisord"):
        plain.append(supervisord(options))
    return plain, timed


def table(title, some, cat):
    print(f"{title:20} {'MB/s':>8} {'of cat':>7} {'CPU s/GB':>9} {'of cat':>7}")
    for one in some:
        speed, cpu = statistics.median(one.speeds), statistics.median(one.cpu)
        print(f"{one.name:20} {speed:8.0f} {speed / statistics.median(cat.speeds):7.2f} "
              f"{cpu:9.2f} {cpu / statistics.median(cat.cpu):7.2f}")


def main():
    if sys.argv[1:2] == ["--write"]:
        return write(int(sys.argv[2]), sys.argv[3])
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--superd", required=True, type=os.path.abspath)
    parser.add_argument("--dir", default="/dev/shm", help="where the files are written")
    parser.add_argument("--megabytes", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="names that begin so, beside cat")
    options = parser.parse_args()
    options.bytes = options.megabytes * 1_000_000
    plain, timed = contestants(options)
    plain[1:] = [one for one in plain[1:] if one.name.startswith(options.only)]
    timed = [one for one in timed if one.name.startswith(options.only)]
    for _ in range(options.rounds):
        for one in random.sample(plain + timed, len(plain + timed)):
            one.round()
    print(f"{options.rounds} rounds of {options.megabytes} MB each, medians; files in {options.dir}")
    table("bytes as written", plain, plain[0])
    table("with times", timed, plain[0])


if __name__ == "__main__":
    main()
