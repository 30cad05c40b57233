"""HAProxy with jwt_verify. Debian 12 has 2.6: RS256 and ES256, no EdDSA; no cache, so each request is verified anew."""

import re

from .. import tokens
from ..programs import program, said_by
from .peer import Peer

CONFIG = """
global
    nbthread {workers}
    maxconn 6500
    # By default it closes connections to the upstream once a quarter of all descriptors is in use, as by idle callers.
    tune.pool-low-fd-ratio 80
    tune.pool-high-fd-ratio 90
{buffers}

defaults
    mode http
    timeout connect 5s
    timeout client 3600s
    timeout server 3600s
    timeout http-keep-alive 3600s
    http-reuse always

frontend callers
    bind 127.0.0.1:{port}{tls}
    acl public path /healthz
    http-request return status 401 hdr WWW-Authenticate Bearer unless public || {{ http_auth_bearer -m found }}
    http-request set-var(txn.token) http_auth_bearer unless public
    http-request set-var(txn.alg) var(txn.token),jwt_header_query('$.alg') unless public
    http-request set-var(txn.iss) var(txn.token),jwt_payload_query('$.iss') unless public
    http-request set-var(txn.aud) var(txn.token),jwt_payload_query('$.aud') unless public
    http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int') unless public
    http-request set-var(txn.scope) var(txn.token),jwt_payload_query('$.scope') unless public
    http-request set-var(txn.now) date() unless public
    acl rs256 var(txn.alg) -m str RS256
    acl es256 var(txn.alg) -m str ES256
    acl signed_rs256 var(txn.token),jwt_verify(txn.alg,"{folder}/RS256.pem") 1
    acl signed_es256 var(txn.token),jwt_verify(txn.alg,"{folder}/ES256.pem") 1
    acl issuer var(txn.iss) -m str {issuer}
    acl audience var(txn.aud) -m str {audience}
    acl expires var(txn.exp) -m found
    acl expired var(txn.exp),sub(txn.now) -m int lt 0
    http-request return status 401 hdr WWW-Authenticate 'Bearer error="invalid_token"' unless public || rs256 || es256
    http-request return status 401 hdr WWW-Authenticate 'Bearer error="invalid_token"' if rs256 !signed_rs256
    http-request return status 401 hdr WWW-Authenticate 'Bearer error="invalid_token"' if es256 !signed_es256
    http-request return status 401 hdr WWW-Authenticate 'Bearer error="invalid_token"' unless public || issuer audience
    http-request return status 401 hdr WWW-Authenticate 'Bearer error="invalid_token"' unless public || expires !expired
    acl users path_beg /v2/users/
    acl reports path_beg /v2/reports/
    acl uploads path_beg /v2/uploads/
    acl get method GET
    acl post method POST
    acl may_read var(txn.scope) -m reg '(^| )profile:read( |$)'
    acl may_create var(txn.scope) -m reg '(^| )profile:create( |$)'
    acl may_report var(txn.scope) -m reg '(^| )report:read( |$)'
    http-request return status 403 if users get !may_read
    http-request return status 403 if reports get !may_report
    http-request return status 403 if uploads post !may_create
    http-request return status 404 unless public || users get || reports get || uploads post
    default_backend api

backend api
    server api 127.0.0.1:{upstream}
"""


class HAProxy(Peer):
    name = "HAProxy"
    packages = "haproxy (Debian)"
    buffers = ""

    def missing(self):
        return None if program("haproxy") else "haproxy"

    def version(self):
        return re.search(r"version (\S+)", said_by([program("haproxy"), "-v"]))[1]

    def files(self):
        return [program("haproxy")]

    def prepare(self, site, setup, folder, port):
        for algorithm in ("RS256", "ES256"):
            (folder / f"{algorithm}.pem").write_text(site.authority.pem(algorithm))
        (folder / "haproxy.cfg").write_text(CONFIG.format(
            workers=setup.workers, port=port, upstream=site.upstream, folder=folder, issuer=tokens.ISSUER,
            audience=tokens.AUDIENCE, buffers=self.buffers, tls=tls(site, setup),
        ))
        return [program("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")]


def tls(site, setup):
    return f" ssl crt {site.certificate.both} ssl-min-ver TLSv1.2" if setup.tls else ""


class PlainHAProxy(HAProxy):
    """The same program as a plain proxy: the other floor beside nginx."""

    name = "HAProxy, plain"
    checks_tokens = False

    def prepare(self, site, setup, folder, port):
        rule = re.compile(r"^    (acl|http-request) .*\n", re.MULTILINE)
        (folder / "haproxy.cfg").write_text(rule.sub("", CONFIG).format(
            workers=setup.workers, port=port, upstream=site.upstream, buffers=self.buffers, tls=tls(site, setup),
        ))
        return [program("haproxy"), "-db", "-f", str(folder / "haproxy.cfg")]


class LargeHAProxy(PlainHAProxy):
    name = "HAProxy, large buffers"
    # Four times the default.
    buffers = "    tune.bufsize 65536"
