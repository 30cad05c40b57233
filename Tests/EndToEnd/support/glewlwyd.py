"""Glewlwyd, the authorization server that Debian packages, with TLS and a database of its own."""

import base64
import http.cookiejar
import json
import pathlib
import sqlite3
import ssl
import urllib.error
import urllib.parse
import urllib.request

from support import processes
from support.processes import PATIENCE
from support.upstream import wait_until_connected

TABLES = pathlib.Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
SETTINGS = """
port={port}
bind_address="127.0.0.1"
external_url="{base}"
api_prefix="api"
log_mode="file"
log_level="WARNING"
log_file="{folder}/log"
session_key="GLEWLWYD2_SESSION_ID"
session_expiration=3600
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="/usr/lib/glewlwyd/user"
client_module_path="/usr/lib/glewlwyd/client"
user_auth_scheme_module_path="/usr/lib/glewlwyd/scheme"
plugin_module_path="/usr/lib/glewlwyd/plugin"
use_secure_connection=true
secure_connection_key_file="{certificate.private_key}"
secure_connection_pem_file="{certificate.certificate}"
hash_algorithm="SHA512"
database = {{ type = "sqlite3"; path = "{folder}/database"; }};
"""


class Glewlwyd:
    """Its `clients` (names, and the scopes of each) get tokens for `audience`; each shows its name as secret.

    `authority` has issued `certificate`, which is for localhost."""

    def __init__(self, authority, certificate, audience, clients):
        self.folder = processes.new_folder("glewlwyd")
        self.audience = audience
        port = processes.free_port()
        self.base = f"https://localhost:{port}"
        self.issuer = self.base + "/api/oidc"
        (self.folder / "settings").write_text(
            SETTINGS.format(port=port, base=self.base, folder=self.folder, certificate=certificate))
        with sqlite3.connect(self.folder / "database") as database:
            database.executescript(TABLES.read_text())
        database.close()
        # The cookie of whoever has signed in goes with the later calls.
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()),
            urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=authority.certificate)))
        with open(self.folder / "output", "wb") as output:
            self.process = processes.start(
                [processes.program("glewlwyd"), f"--config-file={self.folder}/settings"], stdout=output, stderr=output)
        try:
            wait_until_connected(port, self.process)
            self._set_up(certificate.private_key, clients)
        except BaseException:
            self.close()
            raise

    def close(self):
        processes.end(self.process)

    def token(self, client, scope):
        """The answer of the token endpoint."""
        form = {"grant_type": "client_credentials", "scope": scope, "resource": self.audience}
        credentials = base64.b64encode(f"{client}:{client}".encode()).decode()
        return json.loads(self._call(
            "/api/oidc/token", urllib.parse.urlencode(form).encode(), {"Authorization": f"Basic {credentials}"}))

    def _set_up(self, key, clients):
        self._post("/api/auth/", username="admin", password="password")
        for scope in sorted({scope for scopes in clients.values() for scope in scopes}):
            self._post("/api/scope/", name=scope, display_name=scope)
        private = key.read_text()
        public = processes.run([processes.program("openssl"), "pkey", "-in", key, "-pubout"]).stdout
        parameters = {
            "iss": self.issuer, "jwt-type": "ecdsa", "jwt-key-size": "256", "key": private, "cert": public,
            "access-token-duration": 300, "refresh-token-duration": 300, "code-duration": 60,
            "refresh-token-rolling": False, "auth-type-client-enabled": True, "allow-non-oidc": True,
            "allowed-scope": ["openid"], "jwks-show": True, "session-cookie-name": "SESSION",
            "session-cookie-expiration": 60, "subject-type": "public", "resource-allowed": True,
            "resource-scope": {scope: [self.audience] for scopes in clients.values() for scope in scopes},
        }
        self._post("/api/mod/plugin/", module="oidc", name="oidc", display_name="oidc", parameters=parameters)
        for name, scopes in clients.items():
            self._post(
                "/api/client/", client_id=name, name=name, confidential=True, enabled=True, client_secret=name,
                authorization_type=["client_credentials"], scope=scopes, redirect_uri=[],
                token_endpoint_auth_method=["client_secret_basic"])

    def _post(self, path, **members):
        return self._call(path, json.dumps(members).encode(), {"Content-Type": "application/json"})

    def _call(self, path, body, fields):
        request = urllib.request.Request(self.base + path, body, fields)
        try:
            with self._opener.open(request, timeout=PATIENCE) as answer:
                return answer.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.code} {error.read().decode(errors='replace')}") from error
