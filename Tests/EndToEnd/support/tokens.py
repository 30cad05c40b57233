"""Keys, tokens and key sets, made by joserfc and cryptography."""

import base64
import json
import time
import uuid

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

ISSUER = "https://issuer.example/"
AUDIENCE = "https://api.example"

# Signatures of all tokens that were made: no log may hold one.
signatures = set()

MAKERS = {
    "RS": lambda: RSAKey.generate_key(2048),
    "PS": lambda: RSAKey.generate_key(2048),
    "ES256": lambda: ECKey.generate_key("P-256"),
    "ES384": lambda: ECKey.generate_key("P-384"),
    "ES512": lambda: ECKey.generate_key("P-521"),
    "Ed25519": lambda: OKPKey.generate_key("Ed25519"),
    "Ed448": lambda: OKPKey.generate_key("Ed448"),
}


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


class Signer:
    """A private key with its name and algorithm."""

    def __init__(self, algorithm="ES256", curve=None, kid=None):
        self.algorithm = algorithm
        self.kid = kid or f"{curve or algorithm}-{uuid.uuid4().hex[:8]}"
        make = MAKERS.get(curve) or MAKERS.get(algorithm) or MAKERS[algorithm[:2]]
        self.key = make()

    @property
    def public(self):
        return self.key.as_dict(private=False) | {"kid": self.kid, "use": "sig", "alg": self.algorithm}

    def sign(self, payload, header=None):
        header = {"alg": self.algorithm, "typ": "at+jwt", "kid": self.kid} | (header or {})
        header = {name: value for name, value in header.items() if value is not None}
        return noted(jws.serialize_compact(header, payload, self.key, algorithms=[self.algorithm]))

    def token(self, scope="", header=None, **changes):
        """A token with the claims that a good one has, but for `changes`; a claim that is None is left out."""
        return self.sign(compact(claims(scope, **changes)), header)


def claims(scope="", **changes):
    now = int(time.time())
    every = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "sync-daemon", "client_id": "client-7", "iat": now, "exp": now + 600,
        "jti": uuid.uuid4().hex, "scope": scope,
    }
    return {name: value for name, value in (every | changes).items() if value is not None}


def forged(kid, signature_bytes=64, **changes):
    """A token that nobody signed."""
    header = b64(compact({"alg": "ES256", "typ": "at+jwt", "kid": kid}))
    return noted(f"{header}.{b64(compact(claims(**changes)))}.{b64(uuid.uuid4().bytes * (signature_bytes // 16))}")


def unsigned(algorithm, signature=b""):
    return noted(f"{b64(compact({'alg': algorithm, 'typ': 'JWT'}))}.{b64(compact(claims()))}.{b64(signature)}")


def with_changed_signature(token):
    """Another first byte, so that neither length nor encoding are at fault."""
    head, payload, signature = token.split(".")
    return noted(f"{head}.{payload}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}")


def with_changed_claims(token, **changes):
    head, payload, signature = token.split(".")
    old = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return f"{head}.{b64(compact(old | changes))}.{signature}"


def noted(token):
    signature = token.rpartition(".")[2]
    if signature:
        signatures.add(signature)
    return token


def key_set(*signers):
    return {"keys": [signer.public for signer in signers]}
