"""Every algorithm of joserfc, through the proxy and through `scopeproxy verify`."""

import json
import pathlib
import unittest

from joserfc import jws

from support import processes, world
from support.caller import curl
from support.processes import REPOSITORY
from support.proxy import Proxy, command, issuer
from support.tokens import Signer, key_set, noted, unsigned, with_changed_claims, with_changed_signature

# Each algorithm, and the curve where the name leaves that open.
ALGORITHMS = [
    ("RS256", None), ("RS384", None), ("RS512", None), ("PS256", None), ("PS384", None), ("PS512", None),
    ("ES256", None), ("ES384", None), ("ES512", None), ("EdDSA", "Ed25519"), ("EdDSA", "Ed448"), ("Ed25519", None),
    ("Ed448", None),
]


class AlgorithmsTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.signers = [Signer(algorithm, curve) for algorithm, curve in ALGORITHMS]
        cls.folder = processes.new_folder("keys")
        cls.keys = cls.folder / "keys.json"
        cls.keys.write_text(json.dumps(key_set(*cls.signers)))
        cls.proxy = Proxy(world.nginx().url, issuer(key_set(*cls.signers)))
        cls.addClassCleanup(cls.proxy.stop)

    def tokens(self):
        """Of every signer: a good token, and those that nobody may accept."""
        for signer in self.signers:
            good = signer.token("profile:read")
            curve = signer.kid.rpartition("-")[0]
            impostor = Signer(signer.algorithm, curve if curve.startswith("Ed") else None, signer.kid)
            yield signer, good, {
                "changed signature": with_changed_signature(good),
                "changed claims": with_changed_claims(good, scope="profile:read profile:delete"),
                "another key": impostor.token("profile:read"),
                "cut signature": good[:-4],
                "no signature": good.rpartition(".")[0] + ".",
                "padding": good + "=",
            }

    def test_joserfc_knows_them_all(self):
        unknown = {name for name, _ in ALGORITHMS} - set(jws.JWSRegistry.algorithms)
        self.assertEqual(unknown, set())

    def test_the_proxy_accepts_good_tokens_and_refuses_others(self):
        for signer, good, bad in self.tokens():
            with self.subTest(signer.kid):
                self.assertEqual(curl(self.proxy.url + "/v2/users", token=good).status, 200)
            for what, token in bad.items():
                with self.subTest(signer.kid, what=what):
                    self.assertEqual(curl(self.proxy.url + "/v2/users", token=token).status, 401)

    def test_verify_accepts_good_tokens_and_refuses_others(self):
        for signer, good, bad in self.tokens():
            with self.subTest(signer.kid):
                done = command("verify", "--jwks", self.keys, input=good + "\n")
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn(signer.kid, done.stdout)
                done = command("verify", "--jwks", self.keys, "--alg", signer.algorithm, input=good)
                self.assertEqual(done.returncode, 0)
                other = "ES256" if signer.algorithm != "ES256" else "RS256"
                done = command("verify", "--jwks", self.keys, "--alg", other, input=good)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
            for what, token in bad.items():
                with self.subTest(signer.kid, what=what):
                    done = command("verify", "--jwks", self.keys, input=token)
                    self.assertEqual((done.returncode, done.stdout), (1, ""))
                    self.assertTrue(done.stderr.startswith("invalid: "), done.stderr)

    def test_verify_looks_at_the_signature_alone(self):
        signer = self.signers[6]
        for payload in [b"not JSON", b"", b"\x00\xff" * 100, b"x" * 100_000]:
            done = command("verify", "--jwks", self.keys, input=signer.sign(payload, {"typ": None}))
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_verify_knows_the_vectors_of_the_rfcs(self):
        path = REPOSITORY / "Tests/ProxyCoreTests/Token/Fixtures/rfc-vectors.json"
        vectors = json.loads(path.read_text())["vectors"]
        self.assertEqual(len(vectors), 9)
        for vector in vectors:
            keys = self.folder / "vector.json"
            keys.write_text(json.dumps({"keys": [vector["jwk"]] if vector["jwk"] else []}))
            with self.subTest(vector["name"]):
                done = command("verify", "--jwks", keys, "--alg", vector["alg"], input=vector["token"])
                self.assertEqual(done.returncode, 0 if vector["accepted"] else 1, done.stderr)
                if vector["accepted"]:
                    bad = noted(with_changed_signature(vector["token"]))
                    self.assertEqual(command("verify", "--jwks", keys, input=bad).returncode, 1)

    def test_verify_refuses_what_needs_no_key(self):
        for token in [unsigned("none"), unsigned("HS256", b"x" * 32), "", "a.b", "a.b.c", "x" * 2_000_000]:
            done = command("verify", "--jwks", self.keys, input=token)
            with self.subTest(token[:40]):
                self.assertEqual((done.returncode, done.stdout), (1, ""))
        for arguments in [["--alg", "none"], ["--alg", "HS256"]]:
            done = command("verify", "--jwks", self.keys, *arguments, input=self.signers[0].token())
            self.assertEqual(done.returncode, 1)

    def test_verify_exits_64_when_it_is_called_wrongly(self):
        (self.folder / "not-keys.json").write_text("{}")
        for arguments in [[], ["--jwks"], ["--jwks", self.folder / "none.json"],
                          ["--jwks", self.folder / "not-keys.json"], ["--jwks", self.keys, "--alg", "ES255"],
                          ["--jwks", self.keys, "--algorithm", "ES256"], ["--jwks", self.keys, "more"]]:
            done = command("verify", *arguments, input="a.b.c")
            with self.subTest(arguments=[pathlib.Path(part).name for part in arguments]):
                self.assertEqual((done.returncode, done.stdout), (64, ""))
                self.assertNotEqual(done.stderr, "")
