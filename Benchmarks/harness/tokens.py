"""Keys and tokens as an authorization server would give them, and tokens that nobody may accept."""

import base64
import hashlib
import hmac
import json
import time
import warnings

from .programs import Failure

ISSUER = "https://auth.example.com/"
AUDIENCE = "https://api.example.com"
SCOPES = "profile:read profile:create report:read"
ALGORITHMS = {"RS256": "rsa", "ES256": "ec", "EdDSA": "ed"}
LIFETIME = 4 * 3600


class Authority:
    """One issuer with a key of each kind."""

    def __init__(self):
        try:
            # It warns of EdDSA, since RFC 9864 has a newer name for it; the peers know the old one.
            warnings.filterwarnings("ignore", module="joserfc")
            from joserfc import jwk, jwt
        except ImportError:
            raise Failure("the Python package joserfc is not installed (pip install joserfc)") from None
        self._jwt = jwt
        self.keys = self._new_keys(jwk)
        # Keys that no document publishes, under names that one does.
        self.strangers = self._new_keys(jwk)

    @staticmethod
    def _new_keys(jwk):
        def named(algorithm):
            return {"kid": ALGORITHMS[algorithm], "use": "sig", "alg": algorithm}

        return {
            "RS256": jwk.RSAKey.generate_key(2048, named("RS256")),
            "ES256": jwk.ECKey.generate_key("P-256", named("ES256")),
            "EdDSA": jwk.OKPKey.generate_key("Ed25519", named("EdDSA")),
        }

    def key_set(self):
        return {"keys": [key.as_dict(private=False) for key in self.keys.values()]}

    def pem(self, algorithm):
        return self.keys[algorithm].as_pem(private=False).decode()

    def token(self, algorithm, number=0, keys=None, **changed):
        """A valid token, unless claims are changed; a claim that is None is left out."""
        claims = {**usual_claims(number), **changed}
        claims = {name: value for name, value in claims.items() if value is not None}
        key = (keys or self.keys)[algorithm]
        return self._jwt.encode(header(algorithm), claims, key, algorithms=[algorithm])

    def tokens(self, algorithm, count):
        return [self.token(algorithm, number) for number in range(count)]

    def bad_tokens(self, algorithm):
        """Pairs of what is wrong, and the token."""
        now = int(time.time())
        good = self.token(algorithm)
        yield "altered claims", with_claims(good, {**usual_claims(0), "sub": "somebody-else"})
        yield "altered signature", good[:-20] + ("A" if good[-20] != "A" else "B") + good[-19:]
        yield "another key's signature", self.token(algorithm, keys=self.strangers)
        yield "alg none", joined({**header(algorithm), "alg": "none"}, usual_claims(0), b"")
        yield "HS256 keyed with the public key", self._confused(algorithm)
        yield "another issuer", self.token(algorithm, iss="https://other.example.com/")
        yield "no issuer", self.token(algorithm, iss=None)
        yield "another audience", self.token(algorithm, aud="https://other.example.com")
        yield "no audience", self.token(algorithm, aud=None)
        yield "expired", self.token(algorithm, iat=now - 7200, exp=now - 3600)
        yield "no expiry", self.token(algorithm, exp=None)
        yield "not valid yet", self.token(algorithm, nbf=now + 3600)

    def unscoped_tokens(self, algorithm):
        """Valid tokens without the scope, with the status 403 in common."""
        yield "scope missing", self.token(algorithm, scope="profile:create")
        yield "scope only as a part of another", self.token(algorithm, scope="profile:readall xprofile:read")
        yield "no scope claim", self.token(algorithm, scope=None)

    def _confused(self, algorithm):
        signed = joined({**header(algorithm), "alg": "HS256"}, usual_claims(0), b"").rpartition(".")[0]
        return f"{signed}.{encoded(hmac.digest(self.pem(algorithm).encode(), signed.encode(), hashlib.sha256))}"


def usual_claims(number):
    now = int(time.time())
    return {
        "iss": ISSUER, "aud": AUDIENCE, "sub": f"daemon-{number}", "client_id": f"daemon-{number}", "iat": now,
        "exp": now + LIFETIME, "jti": f"6d1a7f6e-52f5-4c0b-9d0a-{number:012}", "scope": SCOPES,
    }


def header(algorithm):
    return {"alg": algorithm, "kid": ALGORITHMS[algorithm], "typ": "at+jwt"}


def with_claims(token, claims):
    head, _, signature = token.split(".")
    return f"{head}.{encoded(json.dumps(claims).encode())}.{signature}"


def joined(head, claims, signature):
    return ".".join([encoded(json.dumps(head).encode()), encoded(json.dumps(claims).encode()), encoded(signature)])


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
