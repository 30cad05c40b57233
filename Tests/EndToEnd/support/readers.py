"""Servers of other makers as the application, each telling how it has read every request: nginx, Apache httpd, gunicorn
and Python's http.server. They add one line to a file for each request, which is read when they have ended."""

import dataclasses
import json
import os
import pathlib
import sys

from support import processes
from support.upstream import wait_until_connected

PROGRAM = pathlib.Path(__file__).with_name("reader.py")


@dataclasses.dataclass
class Seen:
    """A request as a server has read it. Texts hold a byte in each character."""

    request_id: str
    case: str
    method: str
    target: str
    # As decoded and normalized by the server; None where it refused the request before it came to that.
    path: str
    # Further paths that the server made of the target: of a file, or for another kind of application.
    paths: list
    # The location that answered by the server's own rules, if it has any.
    place: str
    # None where the server does not show it.
    body: bytes
    status: int
    subject: str
    admin: str


class Reader:
    """A running server. `lenient` is for servers that can be told to take more."""

    name = None

    def __init__(self, lenient=False):
        self.lenient = lenient
        self.title = f"{self.name}, lenient" if lenient else self.name
        self.folder = processes.new_folder(self.name)
        self.file = self.folder / "seen"
        self.file.touch()
        self.file.chmod(0o666)
        self.port = processes.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.complaints = open(self.folder / "complaints", "wb")
        self.process = processes.start(
            self.command(), stdout=self.complaints, stderr=self.complaints,
            env=os.environ | self.environment())
        wait_until_connected(self.port, self.process)

    def environment(self):
        return {}

    def stop(self):
        """What was seen, in the order of its end."""
        processes.end(self.process)
        self.complaints.close()
        return [self.seen(line) for line in self.file.read_bytes().decode("latin-1").split("\n") if line]


NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log crit;
events {{ worker_connections 1024; }}
http {{
    log_format seen escape=json '{{"request_id":"$http_x_request_id","case":"$http_x_case","method":"$request_method",'
        '"target":"$request_uri","path":"$uri","place":"$place","status":$status,"body":"$request_body",'
        '"subject":"$http_x_auth_subject","admin":"$http_x_auth_admin"}}';
    client_max_body_size 0;
    client_body_buffer_size 256k;
    client_body_in_single_buffer on;
    large_client_header_buffers 8 64k;
    keepalive_requests 1000000;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen unix:{folder}/inner.sock;
        access_log off;
        underscores_in_headers on;
        ignore_invalid_headers off;
        location / {{ return 200 "read"; }}
    }}
    server {{
        listen 127.0.0.1:{port};
        access_log {folder}/seen seen;
        client_header_timeout 2;
        client_body_timeout 2;
        {options}
        set $place other;
        add_header X-Echo $http_x_case always;
        proxy_http_version 1.1;
        {locations}
    }}
}}
"""


INNER = "proxy_pass http://unix:{folder}/inner.sock;"


class Nginx(Reader):
    """Lenient: slashes are not merged, letters of either case match, and every name of a field is taken."""

    name = "nginx"

    def command(self):
        options = "merge_slashes off; ignore_invalid_headers off; underscores_in_headers on;" if self.lenient else ""
        places = [("/public/secret", "admin"), ("/admin", "admin"), ("/v2/users", "scoped"), ("/public", "public")]
        # Whole segments, as routes have them: a prefix alone would be that of /administer, too. Of regular expressions
        # the first counts, of prefixes the longest.
        forms = ["~* ^{}(/|$)"] if self.lenient else ["{}/", "= {}"]
        locations = [f"location {form.format(prefix)} {{ set $place {place}; {INNER} }}"
                     for prefix, place in places for form in forms]
        text = NGINX.format(folder=self.folder, port=self.port, options=options, locations="\n        ".join(
            ["location / { " + INNER + " }", *locations]).replace("{folder}", str(self.folder)))
        (self.folder / "nginx.conf").write_text(text)
        return [processes.program("nginx"), "-p", self.folder, "-e", f"{self.folder}/error.log",
                "-c", f"{self.folder}/nginx.conf"]

    def seen(self, line):
        entry = json.loads(line)
        entry["body"] = entry["body"].encode("latin-1")
        return Seen(**entry, paths=[])


APACHE = """
ServerRoot {folder}
PidFile {folder}/apache.pid
ErrorLog {folder}/error.log
LogLevel crit
ServerName reader
Listen 127.0.0.1:{port}
{modules}
User www-data
Group www-data
StartServers 1
ServerLimit 1
ThreadsPerChild 16
MaxRequestWorkers 16
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 5
Timeout 2
LimitRequestBody 0
LimitRequestFieldSize 65000
LimitRequestLine 65000
LimitRequestFields 300
HttpProtocolOptions {options}
AllowEncodedSlashes {slashes}
DocumentRoot {folder}/files
<Directory {folder}/files>
    Require all granted
</Directory>
<LocationMatch "^/+public">
    SetEnv place public
</LocationMatch>
<Location /v2/users>
    SetEnv place scoped
</Location>
<Location /public/secret>
    SetEnv place admin
</Location>
<Location /admin>
    SetEnv place admin
</Location>
LuaMapHandler ^ {script} handle
LogFormat "%{{X-Request-Id}}i\t%{{X-Case}}i\t%m\t%>s\t%{{read}}n" seen
CustomLog {folder}/seen seen
"""
MODULES = ["mpm_event", "authz_core", "env", "lua"]
APACHE_FOLDERS = ["/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/lib/httpd/modules"]


class Apache(Reader):
    """Lenient: white space and names as before RFC 7230, and encoded slashes are separators."""

    name = "apache2"

    def command(self):
        (self.folder / "files").mkdir()
        modules = next(folder for folder in APACHE_FOLDERS if pathlib.Path(folder).is_dir())
        text = APACHE.format(
            folder=self.folder, port=self.port, script=PROGRAM.with_name("reader.lua"),
            modules="\n".join(f"LoadModule {name}_module {modules}/mod_{name}.so" for name in MODULES),
            options="Unsafe Allow0.9" if self.lenient else "Strict", slashes="On" if self.lenient else "NoDecode")
        (self.folder / "apache.conf").write_text(text)
        return [processes.program("apache2"), "-D", "FOREGROUND", "-f", f"{self.folder}/apache.conf"]

    def seen(self, line):
        # A method may hold a tab, where nobody is in front.
        rest, status, read = line.rsplit("\t", 2)
        request_id, case, method = rest.split("\t", 2)
        if read == "-":
            return Seen(request_id, case, method, "", None, [], "", b"", int(status), "", "")
        words = [bytes.fromhex(word).decode("latin-1") for word in read.split(".")]
        target, path, file, place, body, subject, admin, length = words
        file = file.removeprefix(f"{self.folder}/files")
        # Its Lua reads bodies of two methods and of a length that was told; the others it skips.
        shown = body.encode("latin-1") if method in ("POST", "PUT") and length else None
        return Seen(request_id, case, method, target, path, [file], place, shown, int(status), subject, admin)


class PythonReader(Reader):
    def environment(self):
        return {"SEEN": str(self.file), "PYTHONDONTWRITEBYTECODE": "1"}

    def seen(self, line):
        entry = json.loads(line)
        return Seen(**entry | {"body": entry["body"].encode("latin-1")}, place="")


class Gunicorn(PythonReader):
    """Lenient: fields whose names hold an underscore become variables of their own, as CGI has it."""

    name = "gunicorn"

    def command(self):
        return [
            sys.executable, "-m", "gunicorn", "--worker-class", "gthread", "--threads", "8", "--keep-alive", "5",
            "--graceful-timeout", "2", "--log-level", "critical", "--worker-tmp-dir", self.folder,
            "--limit-request-line", "0", "--limit-request-field_size", "0", "--limit-request-fields", "300",
            "--header-map", "dangerous" if self.lenient else "drop",
            "--bind", f"127.0.0.1:{self.port}", "--chdir", PROGRAM.parent, "reader:application",
        ]


class HTTPServer(PythonReader):
    name = "http.server"

    def command(self):
        return [sys.executable, PROGRAM, str(self.port)]
