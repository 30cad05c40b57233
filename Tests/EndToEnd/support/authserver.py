"""An authorization server on Authlib: client credentials, tokens of RFC 9068, metadata of RFC 8414 and of OpenID
Connect, over https."""

import http.server
import json
import secrets
import ssl
import threading
import urllib.parse

from authlib.oauth2 import rfc8414
from authlib.oauth2.rfc6749 import AuthorizationServer, ClientMixin, OAuth2Request
from authlib.oauth2.rfc6749.grants import ClientCredentialsGrant
from authlib.oauth2.rfc6749.requests import BasicOAuth2Payload
from authlib.oauth2.rfc7523 import JWTBearerClientAssertion
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from authlib.oidc import discovery as oidc
from joserfc.jwk import ECKey, KeySet

from support import tokens
from support.caller import curl
from support.processes import PATIENCE


class Client(ClientMixin):
    """A confidential client that may have these scopes."""

    def __init__(self, *scopes):
        self.id = f"client-{secrets.token_hex(4)}"
        # With all that a form has to encode.
        self.secret = secrets.token_urlsafe(24) + "%+/=&:"
        # The public half of the key that signs for the client, if there is one.
        self.key = None
        self.scopes = scopes

    def get_client_id(self):
        return self.id

    def get_allowed_scope(self, scope):
        return " ".join(name for name in (scope or "").split() if name in self.scopes)

    def check_client_secret(self, client_secret):
        return secrets.compare_digest(self.secret, client_secret)

    def check_endpoint_auth_method(self, method, endpoint):
        return method in ("client_secret_basic", "client_secret_post", JWTBearerClientAssertion.CLIENT_AUTH_METHOD)

    def check_grant_type(self, grant_type):
        return grant_type == "client_credentials"


class Tokens(JWTBearerTokenGenerator):
    def __init__(self, server):
        super().__init__(issuer=server.issuer, alg="ES256")
        self.server = server

    def get_jwks(self):
        # Of a set the token names the key.
        return KeySet([self.server.signing_key])

    def get_audiences(self, client, user, scope):
        return tokens.AUDIENCE


class Assertions(JWTBearerClientAssertion):
    """Clients that sign (RFC 7523)."""

    def __init__(self, server):
        super().__init__()
        self.server = server
        self.seen = set()

    def get_audiences(self):
        return [f"{self.server.issuer}/token"]

    def validate_jti(self, claims, jti):
        fresh = jti not in self.seen
        self.seen.add(jti)
        return fresh

    def resolve_client_public_key(self, client):
        return client.key


class ClientCredentials(ClientCredentialsGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = ["client_secret_basic", "client_secret_post", Assertions.CLIENT_AUTH_METHOD]


class FormRequest(OAuth2Request):
    @property
    def form(self):
        return self.payload.data


class Grants(AuthorizationServer):
    """Authlib's server on this file's requests: (method, uri, headers, form)."""

    def __init__(self, server):
        super().__init__(scopes_supported=None)
        self.clients = {client.id: client for client in server.clients}
        self.register_grant(ClientCredentials)
        self.register_client_auth_method(Assertions.CLIENT_AUTH_METHOD, Assertions(server))
        self.register_token_generator("default", Tokens(server))

    def query_client(self, client_id):
        return self.clients.get(client_id)

    def save_token(self, token, request):
        pass

    def send_signal(self, name, *args, **kwargs):
        pass

    def create_oauth2_request(self, request):
        method, uri, headers, form = request
        made = FormRequest(method, uri, headers=headers)
        made.payload = BasicOAuth2Payload(form)
        return made

    def handle_response(self, status, body, headers):
        return status, json.dumps(body) if isinstance(body, dict) else body, dict(headers)


class AuthServer:
    """Its issuer is `https://localhost:port` with `path`."""

    def __init__(self, certificate, *clients, path="", kinds=("oauth", "openid"), name=None, max_age=None):
        self.clients = clients
        self.kinds = kinds
        self.max_age = max_age
        self.fetched = []
        self.token_requests = 0
        self.changed = threading.Condition()
        self._server = Listener(("127.0.0.1", 0), handler(self), certificate)
        self.port = self._server.server_port
        self.base = f"https://localhost:{self.port}"
        self.issuer = self.base + path
        # What the metadata says, if that is not the truth.
        self.name = name or self.issuer
        self.keys_path = f"{path}/jwks"
        self.keys = []
        self.rotate()
        self.grants = Grants(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.05], daemon=True)
        self._thread.start()

    @property
    def signing_key(self):
        return self.keys[-1]

    def rotate(self, keep=True):
        """Signs with a new key from now on, and publishes it."""
        parameters = {"kid": secrets.token_hex(8), "use": "sig", "alg": "ES256"}
        self.keys = (self.keys if keep else []) + [ECKey.generate_key("P-256", parameters)]

    @property
    def metadata(self):
        document = {
            "issuer": self.name, "token_endpoint": f"{self.issuer}/token", "jwks_uri": self.base + self.keys_path,
            "response_types_supported": ["token"], "grant_types_supported": ["client_credentials"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic"],
        }
        rfc8414.AuthorizationServerMetadata(document).validate()
        return document

    def document(self, path):
        """What is at `path`; None when nothing is."""
        places = {
            "oauth": rfc8414.get_well_known_url(self.issuer), "openid": oidc.get_well_known_url(self.issuer),
        }
        if any(path == places[kind] for kind in self.kinds):
            return self.metadata
        if path == self.keys_path:
            return KeySet(self.keys).as_dict(private=False)
        return None

    def token(self, client, scope, authority):
        """The answer to a client, which is curl, as JSON."""
        answer = curl(
            f"{self.issuer}/token", "--cacert", authority.certificate, "-u",
            f"{client.id}:{urllib.parse.quote(client.secret, safe='')}",
            "-d", "grant_type=client_credentials", "--data-urlencode", f"scope={scope}")
        assert answer.exit_status == 0, answer.complaint
        told = json.loads(answer.body)
        if "access_token" in told:
            tokens.noted(told["access_token"])
        return told

    def wait_for_fetches(self, path, count):
        def are_there():
            return self.fetched.count(path) >= count

        with self.changed:
            assert self.changed.wait_for(are_there, PATIENCE), f"{self.fetched.count(path)} of {count} fetches"

    def die(self):
        self._server.shutdown()
        self._thread.join(PATIENCE)
        self._server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.die()


class Listener(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address, handler_class, certificate):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(certificate.both)
        super().__init__(address, handler_class)

    def get_request(self):
        connection, peer = super().get_request()
        # The thread of the connection shakes hands, with its first read.
        return self.context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False), peer

    def handle_error(self, request, client_address):
        """Callers that refuse the certificate are what some tests are about."""


def handler(server):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = PATIENCE

        def do_GET(self):
            with server.changed:
                server.fetched.append(self.path)
                server.changed.notify_all()
            document = server.document(self.path)
            self.answer(404 if document is None else 200, json.dumps(document or {"error": "not found"}))

        def do_POST(self):
            with server.changed:
                server.token_requests += 1
            form = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            request = ("POST", server.base + self.path, self.headers, dict(urllib.parse.parse_qsl(form)))
            status, body, headers = server.grants.create_token_response(request)
            self.answer(status, body, headers)

        def answer(self, status, body, headers=None):
            self.send_response(status)
            headers = {"Content-Type": "application/json"} | (headers or {})
            if server.max_age is not None and "Cache-Control" not in headers:
                headers["Cache-Control"] = f"max-age={server.max_age}"
            for field, value in headers.items():
                self.send_header(field, value)
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_):
            pass

    return Handler
