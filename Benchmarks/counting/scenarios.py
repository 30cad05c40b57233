"""What is counted: one kind of request each, over kept connections."""

import itertools
import json
import time

ISSUER = "https://auth.example.com/"
AUDIENCE = "https://api.example.com"
DISTINCT_TOKENS = 2000
ROUTES = [
    {"methods": ["GET"], "path": "/v2/users/{uid}", "scopes": ["profile:read"]},
    {"methods": ["DELETE"], "path": "/v2/users/{uid}", "scopes": ["profile:delete"]},
    {"methods": ["POST"], "path": "/v2/users", "scopes": ["profile:create"]},
    {"methods": ["GET"], "path": "/v2/streams/{id}", "scopes": ["profile:read"]},
    {"path": "/healthz", "public": True},
]


class Scenario:
    def __init__(self, name, line, status=200, tokens=1, body=b"", fields=(), log="warn", connections=1):
        self.name, self.line, self.status = name, line, status
        # How many tokens take turns.
        self.tokens, self.body, self.fields = tokens, body, fields
        self.log, self.connections = log, connections
        # Requests after which every token has been seen, and every table and pool is as large as it gets.
        self.warm_up = max(500, tokens, 50 * connections)

    def requests(self, tokens):
        """The requests of the scenario, over and over."""
        lines = [f"{self.line} HTTP/1.1", "Host: api.example.com", "User-Agent: sync-daemon/2.4", "Accept: */*"]
        lines += self.fields
        if self.body:
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        heads = [lines + [f"Authorization: Bearer {token}"] for token in tokens[:self.tokens]] or [lines]
        return itertools.cycle(["\r\n".join(head).encode() + b"\r\n\r\n" + self.body for head in heads])


SCENARIOS = [
    Scenario("public", "GET /healthz", tokens=0),
    Scenario("token", "GET /v2/users/4711"),
    Scenario("token, logged", "GET /v2/users/4711", log="info"),
    Scenario("token, 256 connections", "GET /v2/users/4711", connections=256),
    Scenario("2,000 tokens", "GET /v2/users/4711", tokens=DISTINCT_TOKENS),
    Scenario("small body", "POST /v2/users", body=b'{"name":"Bilbo Baggins"}'),
    Scenario("chunked answer", "GET /v2/streams/1"),
    Scenario("missing scope", "DELETE /v2/users/4711", status=403),
    Scenario("no token", "GET /v2/users/4711", status=401, tokens=0),
]


def sign_tokens():
    """Tokens as one authorization server would give them, and the key set to check them with."""
    try:
        from joserfc import jwk, jwt
    except ImportError:
        raise SystemExit("needs the Python package joserfc (pip install -r .ci/requirements.txt)") from None
    key = jwk.ECKey.generate_key("P-256", {"kid": "2026-01", "use": "sig", "alg": "ES256"})
    now = int(time.time())
    claims = {
        "iss": ISSUER, "aud": [AUDIENCE], "sub": "sync-daemon", "client_id": "sync-daemon", "iat": now,
        "exp": now + 7200, "scope": "profile:read profile:create",
    }
    header = {"alg": "ES256", "kid": "2026-01", "typ": "at+jwt"}
    tokens = [jwt.encode(header, {**claims, "jti": f"{number:036}"}, key) for number in range(DISTINCT_TOKENS)]
    return tokens, json.dumps({"keys": [key.as_dict(private=False)]})
