"""The keys of an issuer on http://127.0.0.1, whose server rotates them, hangs, dies and comes back."""

import concurrent.futures
import socket
import unittest
import uuid

from support import processes, world
from support.caller import Call, curl
from support.keyserver import KeyServer
from support.processes import PATIENCE
from support.proxy import Proxy, issuer
from support.tokens import Signer, forged


class KeysTests(unittest.TestCase):
    def setUp(self):
        self.signer = Signer()

    def proxy(self, server, refresh=None, **more):
        return Proxy(world.nginx().url, issuer(server.uri, key_refresh=refresh or {}), **more)

    def assert_status(self, proxy, status, signer=None, token=None):
        answer = curl(proxy.url + "/v2/users", token=token or (signer or self.signer).token("profile:read"))
        self.assertEqual(answer.status, status)
        return answer

    def test_keys_are_fetched_before_anybody_asks(self):
        with KeyServer(self.signer) as server, self.proxy(server) as proxy:
            line = proxy.wait_for("keys_changed")
            self.assertEqual((line["issuer"], line["keys"]), ("https://issuer.example/", 1))
            for _ in range(3):
                self.assert_status(proxy, 200)
            self.assertEqual(server.fetches, 1)

    def test_a_new_key_is_accepted_on_its_first_request_and_a_removed_one_no_longer(self):
        successor = Signer()
        with KeyServer(self.signer) as server, self.proxy(server, workers=1) as proxy:
            proxy.wait_for("keys_changed")
            old = self.signer.token("profile:read")
            self.assert_status(proxy, 200, token=old)
            server.rotate(successor)
            self.assert_status(proxy, 200, successor)
            self.assertEqual(server.fetches, 2)
            # Though it was in the cache of verified tokens.
            self.assert_status(proxy, 401, token=old)

    def test_all_who_wait_for_a_new_key_cost_one_fetch(self):
        successor = Signer()
        with KeyServer(self.signer) as server, self.proxy(server, {"wait_seconds": 20}) as proxy:
            proxy.wait_for("keys_changed")
            server.rotate(self.signer, successor)
            server.hang()
            calls = [Call(proxy.url + "/v2/users", token=successor.token("profile:read")) for _ in range(20)]
            server.wait_for_fetches(2)
            server.release()
            self.assertEqual({call.answer().status for call in calls}, {200})
            # Those who came after the fetch had begun may have caused the one that follows it.
            self.assertLessEqual(server.fetches, 3)

    def test_keys_are_fetched_again_before_they_are_stale(self):
        refresh = {"min_seconds": 1, "default_seconds": 1}
        with KeyServer(self.signer, max_age=0) as server, self.proxy(server, refresh) as proxy:
            server.wait_for_fetches(3)
            self.assert_status(proxy, 200)

    def test_a_key_server_that_is_down_at_the_start_means_503_and_then_recovery(self):
        with KeyServer(self.signer, listening=False) as server, self.proxy(server) as proxy:
            line = proxy.wait_for("keys_not_fetched")
            self.assertEqual((line["cause"], line["keys_kept"]), ("connect", "no"))
            answer = self.assert_status(proxy, 503)
            self.assertGreaterEqual(int(answer.head["Retry-After"]), 1)
            self.assertEqual(answer.problem["code"], "keys_unavailable")
            self.assertEqual(curl(proxy.url + "/public/x").status, 200)
            server.listen()
            proxy.wait_for("keys_changed")
            self.assert_status(proxy, 200)

    def test_a_hanging_key_server_delays_nobody_whose_key_is_known(self):
        successor = Signer()
        refresh = {"wait_seconds": 40, "fetch_timeout_seconds": 40}
        with KeyServer(self.signer) as server, self.proxy(server, refresh, workers=1) as proxy:
            proxy.wait_for("keys_changed")
            server.rotate(self.signer, successor)
            server.hang()
            waiting = Call(proxy.url + "/v2/users", token=successor.token("profile:read"))
            server.wait_for_fetches(2)
            # From here to `release` the fetch is under way.
            for _ in range(10):
                self.assert_status(proxy, 200)
            self.assertTrue(waiting.is_running)
            server.release()
            self.assertEqual(waiting.answer().status, 200)

    def test_who_waits_in_vain_for_a_key_is_refused(self):
        refresh = {"wait_seconds": 0.2, "fetch_timeout_seconds": 40}
        with KeyServer(self.signer) as server, self.proxy(server, refresh) as proxy:
            proxy.wait_for("keys_changed")
            server.hang()
            answer = self.assert_status(proxy, 401, Signer())
            self.assertIn("a key that its issuer does not publish", answer.head["WWW-Authenticate"])

    def test_a_dead_key_server_takes_no_keys_away(self):
        refresh = {"min_seconds": 1, "default_seconds": 1, "cooldown_seconds": 0}
        with KeyServer(self.signer) as server, self.proxy(server, refresh) as proxy:
            proxy.wait_for("keys_changed")
            server.die()
            line = proxy.wait_for("keys_not_fetched")
            self.assertEqual(line["keys_kept"], "yes")
            self.assert_status(proxy, 200)
            self.assert_status(proxy, 401, Signer())

    def test_nonsense_from_the_key_server_takes_no_keys_away(self):
        refresh = {"min_seconds": 1, "default_seconds": 1}
        with KeyServer(self.signer) as server, self.proxy(server, refresh) as proxy:
            proxy.wait_for("keys_changed")
            server.rotate()
            self.assertEqual(proxy.wait_for("keys_not_fetched")["cause"], "no_usable_keys")
            self.assert_status(proxy, 200)

    def test_keys_are_dropped_when_they_have_been_stale_for_too_long(self):
        refresh = {"min_seconds": 1, "default_seconds": 1, "stale_seconds": 1}
        with KeyServer(self.signer) as server, self.proxy(server, refresh) as proxy:
            proxy.wait_for("keys_changed")
            token = self.signer.token("profile:read")
            self.assert_status(proxy, 200, token=token)
            server.die()
            proxy.wait_for("keys_dropped")
            self.assert_status(proxy, 503, token=token)

    def test_the_copy_on_disk_serves_after_a_restart(self):
        folder = str(processes.new_folder("state"))
        with KeyServer(self.signer) as server:
            with self.proxy(server, state_dir=folder) as proxy:
                proxy.wait_for("keys_changed")
                self.assert_status(proxy, 200)
            server.die()
            with self.proxy(server, state_dir=folder) as proxy:
                self.assertEqual(proxy.wait_for("keys_from_disk")["keys"], 1)
                self.assert_status(proxy, 200)
                self.assert_status(proxy, 401, Signer())

    def test_an_issuers_keys_are_no_other_issuers_keys(self):
        other = Signer()
        with KeyServer(self.signer) as one, KeyServer(other) as two:
            issuers = [issuer(one.uri), issuer(two.uri, "https://other.example/")]
            with Proxy(world.nginx().url, *issuers) as proxy:
                for _ in issuers:
                    proxy.wait_for("keys_changed", issuer="https://issuer.example/")
                    proxy.wait_for("keys_changed", issuer="https://other.example/")
                self.assert_status(proxy, 200)
                name = {"iss": "https://other.example/"}
                self.assert_status(proxy, 200, token=other.token("profile:read", **name))
                self.assert_status(proxy, 401, token=other.token("profile:read"))
                self.assert_status(proxy, 401, token=self.signer.token("profile:read", **name))

    def test_ten_thousand_invented_key_names_cost_a_handful_of_fetches(self):
        with KeyServer(self.signer) as server, self.proxy(server) as proxy:
            proxy.wait_for("keys_changed")
            with concurrent.futures.ThreadPoolExecutor(4) as pool:
                counts = list(pool.map(send_forgeries, [proxy.port] * 4, [2500] * 4))
                self.assert_status(proxy, 200)
            self.assertEqual(counts, [2500] * 4)
            self.assertLessEqual(server.fetches, 4)
            # Whoever comes with a good token meanwhile does not notice.
            self.assert_status(proxy, 200)
            proxy.stop()
            statuses = [line["status"] for line in proxy.requests()]
            self.assertEqual((statuses.count(401), len(statuses)), (10_000, 10_002))


def send_forgeries(port, count):
    """How many answers, in bursts of requests on one kept connection, were 401."""
    refused, burst = 0, 50
    template = forged("KID", scope="profile:read")
    head, rest = template.split(".", 1)
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        answers = connection.makefile("rb")
        for _ in range(count // burst):
            requests = []
            for _ in range(burst):
                head = forged(uuid.uuid4().hex, scope="profile:read").split(".")[0]
                requests.append(f"GET /v2/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {head}.{rest}\r\n\r\n")
            connection.sendall("".join(requests).encode())
            for _ in range(burst):
                refused += read_answer(answers) == 401
    return refused


def read_answer(stream):
    status = int(stream.readline().split()[1])
    length = 0
    while (line := stream.readline().strip()):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    stream.read(length)
    return status
