"""A web application for the scenarios of deploys: WSGI (`wsgi`) and ASGI (`asgi`).

Its release is the directory that it runs in: VERSION there is what it tells of itself, and
BEHAVIOUR (which may be missing) has a line for each thing that is wrong with the release:
  import-takes SECONDS        the import takes so long
  import-waits-for FILE       it takes until there is such a file: for ever, perhaps
  import-of-others-waits-for FILE
                              as before, in all workers of the group but the first
  import-fails TEXT           it fails with that text
  import-fails-in WORKER      it fails in that worker alone (`web.2`)
  answers STATUS              every request is answered with that
  dies-after SECONDS STATUS   the process that imported it ends with that status so long after

  /               who answers: `PID GENERATION VERSION`
  /slow?ms=N      the same, N milliseconds later
  /stuck          never
  /wish           asks superd for a restart of its group: `STATUS BODY` of the answer (WSGI alone)
"""
import asyncio
import http.client
import os
import socket
import sys
import threading
import time
from urllib.parse import parse_qs


def read(name):
    try:
        with open(name, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def die(seconds, status):
    time.sleep(seconds)
    print("the shop burns down", file=sys.stderr, flush=True)
    os._exit(status)


STATUS = "200 OK"


def behave(what, argument):
    global STATUS
    if what == "import-takes":
        time.sleep(float(argument))
    elif what == "import-waits-for" or (
        what == "import-of-others-waits-for" and not os.environ["SUPERD_WORKER"].endswith(".1")
    ):
        print("waiting for", argument, file=sys.stderr, flush=True)
        while not os.path.exists(argument):
            time.sleep(0.02)
    elif what == "import-fails" or (
        what == "import-fails-in" and argument == os.environ["SUPERD_WORKER"]
    ):
        raise RuntimeError("no such table: " + argument)
    elif what == "answers":
        STATUS = argument + " So it is"
    elif what == "dies-after":
        seconds, status = argument.split()
        threading.Thread(target=die, args=(float(seconds), int(status)), daemon=True).start()


VERSION = read("VERSION").strip()
for line in read("BEHAVIOUR").splitlines():
    behave(*line.split(" ", 1))


def seconds_to_wait(path, query):
    if path == "/stuck":
        return 1e6
    return float(parse_qs(query).get("ms", ["0"])[0]) / 1000


def answer():
    generation = os.environ.get("SUPERD_GENERATION", "0")
    return f"{os.getpid()} {generation} {VERSION}\n".encode()


def wish():
    superd = http.client.HTTPConnection("superd", timeout=20)
    superd.sock = socket.socket(socket.AF_UNIX)
    superd.sock.connect(os.environ["SUPERD_SOCKET"])
    superd.request("POST", "/v1/groups/self/restart")
    answer = superd.getresponse()
    return b"%d %s\n" % (answer.status, answer.read())


def headers(body):
    return [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))]


def wsgi(environ, start_response):
    path = environ.get("PATH_INFO", "/")
    time.sleep(seconds_to_wait(path, environ.get("QUERY_STRING", "")))
    body = wish() if path == "/wish" else answer()
    start_response(STATUS, headers(body))
    return [body]


async def asgi(scope, receive, send):
    if scope["type"] != "http":
        return
    await asyncio.sleep(seconds_to_wait(scope["path"], scope["query_string"].decode()))
    body = answer()
    lines = [(name.lower().encode(), value.encode()) for name, value in headers(body)]
    await send({"type": "http.response.start", "status": int(STATUS.split()[0]), "headers": lines})
    await send({"type": "http.response.body", "body": body})
