"""Keys over https: an authorization server on Authlib is discovered, its tokens are accepted, its keys followed."""

import json
import os
import unittest

from support import processes, tokens, world
from support.authserver import AuthServer, Client
from support.caller import curl
from support.certificates import Authority
from support.keyserver import KeyServer
from support.proxy import Proxy, command, configuration
from support.tunnels import Tunnels

OAUTH = "/.well-known/oauth-authorization-server"
OPENID = "/.well-known/openid-configuration"
QUICK = {"min_seconds": 1, "default_seconds": 1, "cooldown_seconds": 0}


class DiscoveryTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.authority = Authority()
        cls.reader = Client("profile:read", "reports:read")

    def server(self, certificate=None, **options):
        return AuthServer(certificate or self.authority.issue(), self.reader, **options)

    def issuer(self, server, **more):
        every = {"issuer": server.issuer, "audiences": [tokens.AUDIENCE], "ca_file": str(self.authority.certificate)}
        return {name: value for name, value in (every | more).items() if value is not None}

    def proxy(self, server, environment=None, state_dir=None, **more):
        options = {"state_dir": state_dir} if state_dir else {}
        # What the machine that runs the tests needs to get out is none of their business.
        clean = {name: "" for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY")}
        return Proxy(
            world.nginx().url, self.issuer(server, **more), admin="127.0.0.1:0", workers=1,
            environment=clean | (environment or {}), **options)

    def token(self, server, scope="profile:read"):
        return server.token(self.reader, scope, self.authority)["access_token"]

    def assert_status(self, proxy, status, token):
        answer = curl(proxy.url + "/v2/users", token=token)
        self.assertEqual(answer.status, status)
        return answer

    def test_an_authorization_server_is_discovered_and_its_tokens_are_accepted(self):
        for path in ("", "/tenants/one"):
            with self.subTest(path), self.server(path=path) as server, self.proxy(server) as proxy:
                line = proxy.wait_for("keys_changed")
                self.assertEqual((line["issuer"], line["keys"]), (server.issuer, 1))
                self.assertEqual(server.fetched, [OAUTH + path, f"{path}/jwks"])
                self.assert_status(proxy, 200, self.token(server))
                self.assert_status(proxy, 403, self.token(server, "reports:read"))
                refused = server.token(Client("profile:read"), "profile:read", self.authority)
                self.assertEqual(refused["error"], "invalid_client")
                page = json.loads(curl(proxy.admin + "/keys").body)["issuers"][0]
                self.assertEqual(page["uri"], f"{server.base}{path}/jwks")
                self.assertEqual([key["kid"] for key in page["keys"]], [server.signing_key.kid])

    def test_openid_connect_is_asked_where_there_is_no_other_metadata(self):
        with self.server(path="/realms/one", kinds=["openid"]) as server, self.proxy(server) as proxy:
            proxy.wait_for("keys_changed")
            places = [f"{OAUTH}/realms/one", f"/realms/one{OPENID}", "/realms/one/jwks"]
            self.assertEqual(server.fetched, places)
            self.assert_status(proxy, 200, self.token(server))

    def test_a_new_key_of_the_server_is_followed_and_an_old_one_forgotten(self):
        with self.server() as server, self.proxy(server) as proxy:
            proxy.wait_for("keys_changed")
            old = self.token(server)
            self.assert_status(proxy, 200, old)
            server.rotate()
            self.assert_status(proxy, 200, self.token(server))
            self.assert_status(proxy, 200, old)
        with self.server() as server, self.proxy(server, key_refresh=QUICK) as proxy:
            proxy.wait_for("keys_changed")
            old = self.token(server)
            server.rotate(keep=False)
            self.assert_status(proxy, 200, self.token(server))
            self.assert_status(proxy, 401, old)

    def test_keys_that_move_to_another_address_are_followed(self):
        with self.server() as server, self.proxy(server, key_refresh=QUICK) as proxy:
            proxy.wait_for("keys_changed")
            server.keys_path = "/moved"
            server.rotate(keep=False)
            server.wait_for_fetches("/moved", 1)
            self.assert_status(proxy, 200, self.token(server))

    def test_metadata_says_for_how_long_it_need_not_be_asked_for(self):
        with self.server(max_age=600) as server, self.proxy(server) as proxy:
            proxy.wait_for("keys_changed")
            server.rotate()
            self.assert_status(proxy, 200, self.token(server))
            self.assertEqual(server.fetched, [OAUTH, "/jwks", "/jwks"])

    def test_metadata_of_another_issuer_gives_no_keys(self):
        for change, words in (("/", "the slash at the end belongs to the name"), ("/other", "another issuer's")):
            with self.subTest(change), self.server() as server:
                server.name = server.issuer + change
                with self.proxy(server) as proxy:
                    line = proxy.wait_for("keys_not_fetched")
                    self.assertEqual((line["cause"], line["keys_kept"]), ("issuer_differs", "no"))
                    self.assertIn(words, line["error"])
                    self.assertIn(f'"{server.name}"', line["error"])
                    self.assert_status(proxy, 503, self.token(server))
                    self.assertNotIn("/jwks", server.fetched)
                    self.assertEqual(curl(proxy.admin + "/readyz").status, 503)
                    # Once that is mended, everything goes on by itself.
                    server.name = server.issuer
                    proxy.wait_for("keys_changed")
                    self.assert_status(proxy, 200, self.token(server))

    def test_metadata_that_turns_bad_takes_no_keys_away(self):
        with self.server() as server, self.proxy(server, key_refresh=QUICK) as proxy:
            proxy.wait_for("keys_changed")
            server.name = "https://other.example"
            line = proxy.wait_for("keys_not_fetched")
            self.assertEqual((line["cause"], line["keys_kept"]), ("issuer_differs", "yes"))
            self.assert_status(proxy, 200, self.token(server))

    def test_what_is_wrong_with_a_certificate_is_said_in_words(self):
        ca = self.authority
        table = [
            (ca.issue(begins=-9, ends=-2), "certificate_expired", "has expired on 20"),
            (ca.issue(begins=2), "certificate_not_yet_valid", "is not valid before 20"),
            (ca.issue("idp.example"), "certificate_name_mismatch", "not for localhost but for idp.example"),
            (ca.issue(self_signed=True), "certificate_self_signed", "signed by itself"),
            (Authority("Other CA").issue(), "certificate_unknown_issuer", "issued by CN=Other CA, which is not"),
        ]
        for certificate, cause, words in table:
            with self.subTest(cause), self.server(certificate) as server, self.proxy(server) as proxy:
                line = proxy.wait_for("keys_not_fetched")
                self.assertEqual(line["cause"], cause)
                self.assertIn(words, line["error"])
                self.assertIn(server.base + OAUTH, line["error"])
                self.assertEqual(server.fetched, [])
                page = json.loads(curl(proxy.admin + "/keys").body)["issuers"][0]
                self.assertEqual(page["last_error"]["message"], line["error"])
                metrics = curl(proxy.admin + "/metrics").body.decode()
                self.assertRegex(
                    metrics, f'scopeproxy_jwks_fetch_failures_total{{issuer="{server.issuer}",cause="{cause}"}} [1-9]')

    def test_the_systems_authorities_count_unless_others_are_named(self):
        with self.server() as server, self.proxy(server, ca_file=None) as proxy:
            self.assertEqual(proxy.wait_for("keys_not_fetched")["cause"], "certificate_unknown_issuer")
        with self.server() as server:
            environment = {"SSL_CERT_FILE": str(self.authority.certificate)}
            with self.proxy(server, environment, ca_file=None) as proxy:
                proxy.wait_for("keys_changed")

    def test_a_server_that_speaks_no_tls_gets_no_request(self):
        with KeyServer(tokens.Signer()) as plain:
            answer = self.explain({"issuer": f"https://localhost:{plain.port}", "audiences": ["a"]})
            self.assertIn("the peer does not speak TLS", answer)
            self.assertEqual(plain.fetches, 0)

    def test_the_copy_on_disk_serves_while_the_issuer_is_away(self):
        folder = str(processes.new_folder("state"))
        with self.server() as server:
            token = self.token(server)
            with self.proxy(server, state_dir=folder) as proxy:
                proxy.wait_for("keys_changed")
        with self.proxy(server, state_dir=folder) as proxy:
            self.assertEqual(proxy.wait_for("keys_from_disk")["keys"], 1)
            self.assert_status(proxy, 200, token)

    def test_the_way_out_is_the_proxy_that_the_environment_names(self):
        certificate = self.authority.issue("idp.example")
        with self.server(certificate) as server, Tunnels(server.port, "me:p@ss") as tunnels:
            keys = {"issuer": "https://idp.example", "jwks_uri": "https://idp.example/jwks"}
            way = {"HTTPS_PROXY": f"http://me:p%40ss@127.0.0.1:{tunnels.port}"}
            with self.proxy(server, way, **keys) as proxy:
                proxy.wait_for("keys_changed")
                self.assertEqual(tunnels.requests, ["idp.example:443"])
            with self.proxy(server, {"https_proxy": f"127.0.0.1:{tunnels.port}"}, **keys) as proxy:
                line = proxy.wait_for("keys_not_fetched")
                self.assertEqual(line["cause"], "proxy")
                self.assertIn("status 407", line["error"])
            with self.proxy(server, way | {"NO_PROXY": ".example"}, **keys) as proxy:
                self.assertNotEqual(proxy.wait_for("keys_not_fetched")["cause"], "proxy")
            self.assertEqual(len(tunnels.requests), 2)
            unusable = {"https_proxy": "socks5://me:p%40ss@127.0.0.1:1"}
            with self.proxy(server, unusable, **keys) as proxy:
                line = proxy.wait_for("keys_not_fetched")
                self.assertIn("https_proxy: only proxies", line["error"])
                checked = command("check", proxy.file, env=os.environ | unusable)
                self.assertIn("issuer https://idp.example: no keys yet from https://idp.example/jwks: ", checked.stdout)
                self.assertNotIn("p%40ss", checked.stdout)
                self.assertNotIn("p%40ss", "\n".join(proxy.log.lines))

    def test_explain_finds_the_keys_as_serve_does(self):
        with self.server() as server:
            answer = self.explain(self.issuer(server), self.token(server))
            self.assertIn(f"1 of {server.issuer}", answer)
            self.assertIn("forwarded", answer)

    def explain(self, entry, token=None):
        folder = processes.new_folder("explain")
        file = folder / "routes.json"
        file.write_text(json.dumps(configuration("http://127.0.0.1:1", [entry])))
        token = token or tokens.Signer().token("profile:read", iss=entry["issuer"], aud=entry["audiences"])
        answer = command(
            "explain", file, "GET", "/v2/users", "--token-file", "-", input=token)
        return answer.stdout + answer.stderr
