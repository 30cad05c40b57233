"""The application behind every proxy: an nginx that answers 1 KiB or 100 KiB, and reads uploads to their end."""

import contextlib
import pathlib

from .peers.nginx import server_file
from .programs import Failure, free_port, program, running, wait_for

ANSWER_BYTES = 1024
REPORT_BYTES = 100 * 1024
UPLOAD_BYTES = 1024 * 1024

# `return` does not wait for a body; passing the request on without it, inside, does.
HTTP = """
    upstream answers {{ server 127.0.0.1:{port}; keepalive 64; keepalive_requests 1000000000; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{ default_type application/json; return 200 '{body}'; }}
        location /v2/reports/ {{ default_type application/json; alias {folder}/; open_file_cache max=10; }}
        location /v2/uploads/ {{
            client_max_body_size 2m;
            client_body_buffer_size 2m;
            proxy_pass http://answers/;
            proxy_http_version 1.1;
            proxy_method GET;
            proxy_pass_request_body off;
            proxy_set_header Connection "";
            proxy_set_header Content-Length "";
        }}
        location /keys {{ default_type application/json; alias {folder}/keys.json; }}
    }}
"""


@contextlib.contextmanager
def upstream(folder):
    """The port that it listens on. `folder` holds keys.json, for peers that fetch their keys."""
    nginx = program("nginx")
    if not nginx:
        raise Failure("nginx is not installed, and it is what the proxies forward to (apt-get install nginx)")
    content = pathlib.Path(folder) / "content"
    content.mkdir()
    (content / "4711").write_text("x" * REPORT_BYTES)
    (content / "keys.json").write_text((pathlib.Path(folder) / "keys.json").read_text())
    port = free_port()
    http = HTTP.format(port=port, body="x" * ANSWER_BYTES, folder=content)
    config = server_file(folder, "upstream", http, workers=1)
    log = f"{folder}/upstream.log"
    with running([nginx, "-p", str(folder), "-e", log, "-c", str(config)], log) as process:
        wait_for(port, process, log)
        yield port
