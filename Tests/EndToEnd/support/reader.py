"""How Python's http.server and WSGI servers have read a request: a line of JSON for each, in the file that SEEN names.

Started as a program of its own with a port it is the http.server; imported by gunicorn it is the application.
"""

import http.server
import json
import os
import sys
import urllib.parse

FILE = os.open(os.environ["SEEN"], os.O_WRONLY | os.O_APPEND)


def note(**entry):
    os.write(FILE, json.dumps(entry).encode() + b"\n")


def application(environ, start_response):
    body = environ["wsgi.input"].read()
    case = environ.get("HTTP_X_CASE", "")
    note(
        request_id=environ.get("HTTP_X_REQUEST_ID", ""), case=case, method=environ["REQUEST_METHOD"],
        target=environ["RAW_URI"], path=environ["PATH_INFO"], paths=[environ["SCRIPT_NAME"] + environ["PATH_INFO"]],
        body=body.decode("latin-1"), status=200, subject=environ.get("HTTP_X_AUTH_SUBJECT", ""),
        admin=environ.get("HTTP_X_AUTH_ADMIN", ""))
    start_response("200 OK", [("Content-Length", "4"), ("X-Echo", case)])
    return [b"read"]


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 5

    def __getattr__(self, name):
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self):
        body = b"".join(self.pieces())
        text = lambda name: self.headers.get(name, "")  # noqa: E731
        path = urllib.parse.unquote(self.path.partition("?")[0].partition("#")[0], "latin-1")
        file = "/" + os.path.relpath(self.translate_path(self.path), self.directory)
        split = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path, "latin-1")
        note(
            request_id=text("X-Request-Id"), case=text("X-Case"), method=self.command, target=self.path,
            path=path, paths=[file, split], body=body.decode("latin-1"), status=200,
            subject=text("X-Auth-Subject"), admin=text("X-Auth-Admin"))
        self.send_response(200)
        self.send_header("Content-Length", "4")
        self.send_header("X-Echo", text("X-Case"))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"read")

    do_GET = do_HEAD = answer

    def pieces(self):
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            yield self.rfile.read(int(self.headers.get("Content-Length", 0)))
            return
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True

    def handle_error(self, *_):
        pass


if __name__ == "__main__":
    Server(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
