"""nginx as a plain proxy: it checks nothing, and is what forwarding alone costs."""

import pathlib

from ..programs import program, said_by
from .peer import Peer

SERVER = """
daemon off;
worker_processes {workers};
worker_rlimit_nofile 10000;
pid {folder}/{name}.pid;
error_log {folder}/{name}.error.log;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 3600s;
    sendfile on;
    tcp_nopush on;
    client_body_temp_path {folder}/{name}.body;
    proxy_temp_path {folder}/{name}.proxy;
    fastcgi_temp_path {folder}/{name}.fastcgi;
    uwsgi_temp_path {folder}/{name}.uwsgi;
    scgi_temp_path {folder}/{name}.scgi;
{http}
}}
"""

# Uploads are streamed, as by the others; by default they would go through a file. One socket for each worker, or one
# worker would take most of the connections.
PROXY = """
    upstream api {{ server 127.0.0.1:{upstream}; keepalive 256; keepalive_requests 1000000000; }}
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_request_buffering off;
    client_max_body_size 2m;
{buffers}
    server {{
        listen 127.0.0.1:{port}{tls} reuseport;
{certificate}        location / {{ proxy_pass http://api; }}
{locations}
    }}
"""

# The server's default is no cache of sessions, and tickets.
TLS = """
        ssl_certificate {files.certificate};
        ssl_certificate_key {files.key};
        ssl_protocols TLSv1.2 TLSv1.3;
"""

# Bodies cost more by the piece than by the byte; this is what nginx can do when it is given memory for them.
LARGE_BUFFERS = """
    client_body_buffer_size 128k;
    proxy_buffer_size 16k;
    proxy_buffers 4 32k;
    proxy_busy_buffers_size 64k;
"""


class Nginx(Peer):
    name = "nginx"
    buffers = ""
    checks_tokens = False
    packages = "nginx (Debian)"

    def missing(self):
        return None if program("nginx") else "nginx"

    def version(self):
        return said_by([program("nginx"), "-v"]).rpartition("/")[2]

    def files(self):
        return [program("nginx")]

    def prepare(self, site, setup, folder, port):
        locations = "\n".join(
            f"        location /v2/things{number}/ {{ proxy_pass http://api; }}" for number in range(setup.routes)
        )
        certificate = TLS.format(files=site.certificate) if setup.tls else ""
        http = PROXY.format(upstream=site.upstream, port=port, locations=locations, buffers=self.buffers,
                            tls=" ssl" if setup.tls else "", certificate=certificate)
        config = server_file(folder, "proxy", http, setup.workers)
        return [program("nginx"), "-p", str(folder), "-e", f"{folder}/log", "-c", str(config)]


class LargeNginx(Nginx):
    name = "nginx, large buffers"
    buffers = LARGE_BUFFERS


def server_file(folder, name, http, workers):
    file = pathlib.Path(folder) / f"{name}.conf"
    file.write_text(SERVER.format(folder=folder, name=name, http=http, workers=workers))
    return file
