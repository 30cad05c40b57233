"""ScopeProxy, from any number of binaries: before and after a change, say."""

import json
import os

from .. import tokens
from ..programs import said_by
from .peer import Peer


class ScopeProxy(Peer):
    def __init__(self, name, binary):
        self.name, self.binary = name, os.path.abspath(binary)
        self.packages = "scripts/build, or --binary PATH"

    def missing(self):
        return None if os.access(self.binary, os.X_OK) else self.binary

    def version(self):
        return said_by([self.binary, "--version"]).removeprefix("scopeproxy ")

    def files(self):
        return [self.binary]

    def prepare(self, site, setup, folder, port):
        (folder / "keys.json").write_text(json.dumps(site.authority.key_set()))
        (folder / "routes.json").write_text(json.dumps({
            "listen": listen(f"127.0.0.1:{port}", site.certificate if setup.tls else None),
            "upstream": f"http://127.0.0.1:{site.upstream}",
            "workers": setup.workers,
            "log": {"level": "warn", "format": "json"},
            "issuers": [{"issuer": tokens.ISSUER, "audiences": [tokens.AUDIENCE], "jwks_file": "keys.json"}],
            "timeouts": {"keep_alive_idle_seconds": 3600},
            "routes": [
                {"path": "/healthz", "public": True},
                {"methods": ["GET"], "path": "/v2/users/{uid}", "scopes": ["profile:read"]},
                {"methods": ["GET"], "path": "/v2/reports/{id}", "scopes": ["report:read"]},
                {"methods": ["POST"], "path": "/v2/uploads/{id}", "scopes": ["profile:create"]},
                *({"methods": ["GET"], "path": f"/v2/things{number}/{{id}}", "scopes": ["profile:read"]}
                  for number in range(setup.routes)),
            ],
        }))
        return [self.binary, "serve", str(folder / "routes.json")]


def listen(address, certificate):
    if not certificate:
        return address
    files = {"certificate": str(certificate.certificate), "private_key": str(certificate.key)}
    return {"address": address, "tls": files}
