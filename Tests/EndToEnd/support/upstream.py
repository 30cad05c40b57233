"""The applications behind the proxy: nginx, a backend behind nginx that a test can steer, and one that misbehaves."""

import hashlib
import http.server
import json
import queue
import socket
import struct
import threading

from support import processes
from support.processes import PATIENCE

NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
    log_format seen escape=json '{{"method":"$request_method","target":"$request_uri","protocol":"$server_protocol",'
        '"host":"$http_host","id":"$http_x_request_id","subject":"$http_x_auth_subject",'
        '"client":"$http_x_auth_client_id","issuer":"$http_x_auth_issuer","scopes":"$http_x_auth_scopes",'
        '"tenant":"$http_x_auth_tenant","admin":"$http_x_auth_admin","authorization":"$http_authorization",'
        '"forwarded_for":"$http_x_forwarded_for","forwarded_proto":"$http_x_forwarded_proto",'
        '"connection":"$http_connection","upgrade":"$http_upgrade","te":"$http_te","custom":"$http_x_custom",'
        '"key":"$http_x_api_key","server":"$server_addr","socket":"$connection",'
        '"tls":"$ssl_protocol","reused":"$ssl_session_reused","asked_name":"$ssl_server_name",'
        '"certificate":"$ssl_client_s_dn"}}';
    access_log syslog:server=unix:{folder}/seen.sock,nohostname seen;
    underscores_in_headers on;
    client_max_body_size 0;
    large_client_header_buffers 8 64k;
    keepalive_requests 1000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port}{tls};
        listen unix:{folder}/api.sock;
        location / {{ add_header X-Application nginx; return 200 "application\\n"; }}
        location /v2/nothing {{ return 204; }}
        location /public/last {{ keepalive_timeout 0; return 200 "the last one\\n"; }}
        location /v2/files/ {{ alias {folder}/files/; }}
        location /v2/backend/ {{
            proxy_pass http://unix:{folder}/backend.sock:/;
            proxy_http_version 1.1;
            proxy_buffering off;
            proxy_request_buffering off;
            proxy_read_timeout 60;
        }}
    }}
}}
"""


class Nginx:
    """Answers everything, serves `files`, passes /v2/backend/ to a `Backend`, and tells what requests it has seen.

    With a `certificate` it speaks TLS, and with `callers` wants their certificates to be of that authority."""

    def __init__(self, certificate=None, callers=None, protocols="TLSv1.2 TLSv1.3"):
        self.folder = processes.new_folder("nginx")
        self.files = self.folder / "files"
        self.files.mkdir()
        self.port = processes.free_port()
        self.requests = []
        self.changed = threading.Condition()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(self.folder / "seen.sock"))
        (self.folder / "seen.sock").chmod(0o777)
        threading.Thread(target=self._read, daemon=True).start()
        self.backend = Backend(self.folder / "backend.sock")
        (self.folder / "nginx.conf").write_text(NGINX.format(
            folder=self.folder, port=self.port, tls=tls_settings(certificate, callers, protocols)))
        self.scheme = "https" if certificate else "http"
        self.process = None
        self.start()

    @property
    def url(self):
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def socket_url(self):
        return f"unix:{self.folder}/api.sock"

    def start(self):
        command = [processes.program("nginx"), "-p", self.folder, "-e", f"{self.folder}/error.log"]
        self.process = processes.start([*command, "-c", f"{self.folder}/nginx.conf"])
        # Its master opens the sockets before it does anything else, so the kernel takes a connection from then on.
        wait_until_connected(self.port, self.process)

    def stop(self):
        processes.end(self.process)
        # nginx removes it only when it ends by itself.
        (self.folder / "api.sock").unlink(missing_ok=True)

    def close(self):
        self.stop()
        self.backend.close()

    def seen(self, target):
        """The request for that target; waits for it."""
        def find():
            return next((request for request in self.requests if request["target"] == target), None)

        with self.changed:
            assert self.changed.wait_for(find, PATIENCE), f"the upstream has not seen {target}"
            return find()

    def _read(self):
        while True:
            datagram = self._socket.recv(65536).decode(errors="replace")
            request = json.loads(datagram.partition("nginx: ")[2])
            with self.changed:
                self.requests.append(request)
                self.changed.notify_all()


def tls_settings(certificate, callers, protocols):
    """What follows the address that nginx listens on."""
    if not certificate:
        return ""
    settings = (
        f" ssl;\n        ssl_certificate {certificate.certificate};\n"
        f"        ssl_certificate_key {certificate.private_key};\n        ssl_protocols {protocols}")
    if callers:
        settings += f";\n        ssl_client_certificate {callers};\n        ssl_verify_client on"
    return settings


def wait_until_connected(port, process):
    """Nothing tells when a foreign program listens, so this asks; each try fails at once or succeeds."""
    pause = threading.Event()
    for _ in range(PATIENCE * 100):
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE).close()
        except ConnectionRefusedError:
            assert process.poll() is None, f"{process.args[0]} has ended"
            pause.wait(0.01)
    raise AssertionError(f"{process.args[0]} does not listen")


class Backend:
    """Behind nginx. POST or PUT /sink tells what came; GET /stream/NAME sends what the test puts in `stream(NAME)`."""

    def __init__(self, path):
        self.streams = {}
        self.lock = threading.Lock()
        self.server = Server(str(path), self)
        path.chmod(0o777)
        threading.Thread(target=self.server.serve_forever, args=[0.05], daemon=True).start()

    def stream(self, name):
        with self.lock:
            return self.streams.setdefault(name, Stream())

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Stream:
    """The body of one response, piece by piece."""

    def __init__(self):
        self.pieces = queue.Queue()
        # Set when the request is here.
        self.begun = threading.Event()
        # Set when nginx has gone away before the end.
        self.broken = threading.Event()

    def send(self, data):
        self.pieces.put(data)

    def end(self):
        self.pieces.put(None)


class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_UNIX
    daemon_threads = True

    def __init__(self, path, backend):
        self.backend = backend
        super().__init__(path, BackendHandler)

    def server_bind(self):
        self.socket.bind(self.server_address)

    def handle_error(self, *_):
        pass


class BackendHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # Responses are written piece by piece; nothing is held back.
    wbufsize = 0

    def address_string(self):
        return "nginx"

    def log_message(self, *_):
        pass

    def do_GET(self):
        stream = self.server.backend.stream(self.path.rpartition("/")[2])
        stream.begun.set()
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while (piece := stream.pieces.get(timeout=PATIENCE * 3)) is not None:
            try:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            except OSError:
                stream.broken.set()
                self.close_connection = True
                return
        self.wfile.write(b"0\r\n\r\n")

    def do_POST(self):
        digest, count = hashlib.sha256(), 0
        hashed = "unhashed" not in self.path
        for piece in self._pieces():
            count += len(piece)
            if hashed:
                digest.update(piece)
        chunked = self.headers.get("Transfer-Encoding", "")
        told = {"bytes": count, "sha256": digest.hexdigest(), "framing": chunked or "length"}
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_PUT = do_POST

    def _pieces(self):
        if self.headers.get("Transfer-Encoding") != "chunked":
            yield from self._read(int(self.headers.get("Content-Length", 0)))
            return
        while size := int(self.rfile.readline().partition(b";")[0], 16):
            yield from self._read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass

    def _read(self, count):
        while count > 0:
            piece = self.rfile.read1(min(count, 1 << 20))
            if not piece:
                raise ConnectionError("the body was cut")
            count -= len(piece)
            yield piece


class Misbehaving:
    """Reads the head of each request, and then does the next of its tricks."""

    def __init__(self, *tricks):
        self.tricks = list(tricks)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.kept = []
        threading.Thread(target=self._run, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.close()
        for connection in self.kept:
            connection.close()

    def _run(self):
        for trick in self.tricks:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            head = b""
            while b"\r\n\r\n" not in head:
                head += connection.recv(65536)
            if trick is HANG:
                self.kept.append(connection)
                continue
            if trick is RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                connection.sendall(trick)
            connection.close()


HANG = object()
RESET = object()
CLOSE = b""
