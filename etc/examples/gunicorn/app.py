"""The smallest web application that shows who answers: a WSGI callable named `app`."""
import os


def app(environ, start_response):
    worker = os.environ.get("SUPERD_WORKER", "no worker of superd")
    generation = os.environ.get("SUPERD_GENERATION", "-")
    text = f"Hello from {worker}, generation {generation}, process {os.getpid()}\n"
    body = text.encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
