#!/usr/bin/env python3
"""A web application with a settings page that makes all its processes read the settings again.

Every worker reads settings.json once, when it starts, as most applications do. Saving the page
writes the file, and asks superd for a restart of the worker's own group: superd knows who asks by
the process at the other end of the socket, answers at once, and replaces one worker after the
other, the asking one included. No request fails meanwhile, and no worker needs a right or a secret.
"""
import http.client
import json
import os
import pathlib
import selectors
import signal
import socket
from html import escape
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

SETTINGS = pathlib.Path(__file__).with_name("settings.json")
GREETING = json.loads(SETTINGS.read_text())["greeting"] if SETTINGS.exists() else "hello"

PAGE = """<!doctype html><title>settings</title>
<p id=greeting>{greeting}</p><p>from process {pid}</p>
<form method=post action=/settings>
<input name=greeting value="{greeting}"><button>save</button></form>
<p id=answer>{answer}</p>
"""


class Superd(http.client.HTTPConnection):
    """HTTP to superd's worker socket."""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(os.environ["SUPERD_SOCKET"])


def restart_all():
    """Asks superd to restart this worker's group; what superd answers, at once."""
    superd = Superd("superd", timeout=10)
    superd.request("POST", "/v1/groups/self/restart")
    answer = superd.getresponse()
    return answer.status, json.loads(answer.read())


def save(environ):
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
    draft = SETTINGS.with_suffix(f".{os.getpid()}")
    draft.write_text(json.dumps({"greeting": parse_qs(body).get("greeting", ["hello"])[0]}))
    draft.replace(SETTINGS)  # whole or not at all
    status, answer = restart_all()
    # 202: roll 12 is on its way. 429: this group asks too often; the file is saved all the same.
    return f"saved; superd: {status} {json.dumps(answer)}"


def app(environ, start_response):
    posted = environ["REQUEST_METHOD"] == "POST" and environ["PATH_INFO"] == "/settings"
    answer = save(environ) if posted else ""
    page = PAGE.format(greeting=escape(GREETING), pid=os.getpid(), answer=escape(answer))
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [page.encode()]


def serve(listener):
    """Takes one request after the other from a socket that superd holds, until TERM."""
    server = WSGIServer(("", 0), WSGIRequestHandler, bind_and_activate=False)
    server.socket.close()
    server.server_name, server.server_port = listener.getsockname()[:2]
    server.setup_environ()
    server.set_app(app)
    listener.setblocking(False)  # another worker may be faster
    wakes, woken = socket.socketpair()
    woken.setblocking(False)
    signal.set_wakeup_fd(woken.fileno())
    signal.signal(signal.SIGTERM, lambda *_: None)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(wakes, selectors.EVENT_READ)
    while not any(key.fileobj is wakes for key, _ in selector.select()):
        try:
            connection, client = listener.accept()
        except BlockingIOError:
            continue
        connection.settimeout(10)
        try:
            server.finish_request(connection, client)
        except OSError:
            pass  # the client went away, or said nothing
        finally:
            server.shutdown_request(connection)


if __name__ == "__main__":
    serve(socket.socket(fileno=3))
