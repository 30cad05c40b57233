"""How a running proxy ends, what it logs, and how it behaves when it only observes."""

import contextlib
import json
import os
import pty
import resource
import signal
import socket
import subprocess
import threading
import unittest
import uuid

from support import processes, world
from support.caller import Call, curl, exchange
from support.processes import PATIENCE, BINARY
from support.proxy import Proxy, configuration, issuer
from support.tokens import Signer, key_set


class EndingTests(unittest.TestCase):
    def setUp(self):
        self.signer = Signer()
        self.upstream = world.nginx()

    def proxy(self, **more):
        return Proxy(self.upstream.url, issuer(key_set(self.signer)), **more)

    def download(self, proxy):
        """A download that has begun, and the rest of it."""
        name = uuid.uuid4().hex
        stream = self.upstream.backend.stream(name)
        call = Call(proxy.url + f"/v2/backend/stream/{name}", "-N", token=self.signer.token())
        stream.send(b"begun")
        self.assertEqual(call.process.stdout.read(5), b"begun")
        return call, stream

    def assert_refuses_connections(self, proxy):
        pause = threading.Event()
        for _ in range(PATIENCE * 20):
            try:
                socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE).close()
            except ConnectionRefusedError:
                return
            except ConnectionResetError:
                # It came into the queue just before that was closed.
                pass
            pause.wait(0.05)
        self.fail("connections are still taken")

    def test_sigterm_lets_a_download_end(self):
        for number in [signal.SIGTERM, signal.SIGINT]:
            with self.subTest(signal=number.name), self.proxy() as proxy:
                call, stream = self.download(proxy)
                proxy.signal(number)
                proxy.wait_for("draining")
                self.assert_refuses_connections(proxy)
                self.assertTrue(call.is_running)
                stream.send(b" and ended")
                stream.end()
                answer = call.answer()
                self.assertEqual((answer.exit_status, answer.body), (0, b" and ended"))
                self.assertEqual(proxy.wait(), 0)
                self.assertEqual(proxy.entries[-1]["event"], "stopped")

    def test_a_second_sigterm_ends_at_once(self):
        with self.proxy() as proxy:
            call, stream = self.download(proxy)
            proxy.signal()
            proxy.wait_for("draining")
            proxy.signal()
            self.assertEqual(proxy.wait(), 0)
            self.assertIn(call.answer().exit_status, (18, 56))
            stream.end()

    def test_what_takes_too_long_is_cut(self):
        with self.proxy(timeouts={"drain_seconds": 0.3}) as proxy:
            call, stream = self.download(proxy)
            proxy.signal()
            self.assertEqual(proxy.wait(), 0)
            self.assertIn(call.answer().exit_status, (18, 56))
            stream.end()

    def test_idle_connections_do_not_hold_up_the_end(self):
        with self.proxy(timeouts={"drain_seconds": 86400}) as proxy:
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE) as fresh, \
                    socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE) as used:
                used.sendall(b"GET /public/ HTTP/1.1\r\nHost: x\r\n\r\n")
                self.assertIn(b"200 OK", used.recv(65536))
                proxy.signal()
                self.assertEqual(proxy.wait(), 0)
                self.assertEqual(fresh.recv(1), b"")

    def test_an_answer_while_draining_closes_its_connection(self):
        name = uuid.uuid4().hex
        stream = self.upstream.backend.stream(name)
        with self.proxy() as proxy:
            call = Call(proxy.url + f"/v2/backend/sink/{name}", "-T", "-", token=self.signer.token(),
                        stdin=subprocess.PIPE)
            call.process.stdin.write(b"x" * 100_000)
            call.process.stdin.flush()
            # curl has connected when its bytes have come as far as that.
            self.wait_for_upload(proxy)
            proxy.signal()
            self.assert_refuses_connections(proxy)
            call.process.stdin.close()
            answer = call.answer()
            self.assertEqual((answer.status, json.loads(answer.body)["bytes"]), (200, 100_000))
            self.assertEqual(answer.head["Connection"], "close")
            self.assertEqual(proxy.wait(), 0)
        stream.end()

    def wait_for_upload(self, proxy):
        """A request that is under way leaves no trace yet; its connection does, at the upstream's end of the proxy."""
        wanted = f"{self.upstream.port:04X}"
        pause = threading.Event()
        for _ in range(PATIENCE * 100):
            with open(f"/proc/{proxy.process.pid}/net/tcp") as table:
                rows = [line.split() for line in table.readlines()[1:]]
            inodes = {row[9] for row in rows if row[2].endswith(wanted) and row[3] == "01"}
            folder = f"/proc/{proxy.process.pid}/fd"
            held = {os.readlink(f"{folder}/{name}") for name in os.listdir(folder)}
            if any(f"socket:[{inode}]" in held for inode in inodes):
                return
            pause.wait(0.01)
        self.fail("the request did not get to the upstream")

    def test_what_has_come_before_sigterm_is_answered(self):
        request = b"GET /public/ HTTP/1.1\r\nHost: x\r\n"
        with self.proxy(workers=1) as proxy, contextlib.ExitStack() as stack:
            def connect():
                return stack.enter_context(socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE))

            kept, begun = connect(), connect()
            kept.sendall(request + b"\r\n")
            self.assertIn(b"200 OK", kept.recv(65536))
            begun.sendall(request)
            # While the proxy stands still, more comes to what it has accepted, and somebody new.
            proxy.signal(signal.SIGSTOP)
            new = connect()
            for connection in [kept, new]:
                connection.sendall(request + b"\r\n")
            proxy.signal()
            proxy.signal(signal.SIGCONT)
            proxy.wait_for("draining")
            self.assert_refuses_connections(proxy)
            begun.sendall(b"\r\n")
            for connection in [kept, new, begun]:
                answer = b"".join(iter(lambda: connection.recv(65536), b""))
                self.assertTrue(answer.startswith(b"HTTP/1.1 200 OK\r\n"), answer)
            self.assertIn(b"\r\nConnection: close\r\n", answer)
            self.assertEqual(proxy.wait(), 0)

    def test_sighup_ends_nothing(self):
        with self.proxy() as proxy:
            proxy.signal(signal.SIGHUP)
            proxy.wait_for("reloaded")
            self.assertEqual(curl(proxy.url + "/public/").status, 200)

    def test_the_port_is_free_again_at_once(self):
        with self.proxy() as first:
            self.assertEqual(curl(first.url + "/public/").status, 200)
        with self.proxy(listen=f"127.0.0.1:{first.port}") as second:
            self.assertEqual(curl(second.url + "/public/").status, 200)


class LimitsTests(unittest.TestCase):
    def setUp(self):
        self.signer = Signer()
        self.request = b"GET /public/ HTTP/1.1\r\nHost: x\r\n\r\n"

    def proxy(self, **more):
        return Proxy(world.nginx().url, issuer(key_set(self.signer)), **more)

    def strangers(self, proxy, stack, count):
        return [stack.enter_context(socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE))
                for _ in range(count)]

    def test_strangers_leave_descriptors_for_the_requests_of_others(self):
        with self.proxy(descriptors=200, workers=1) as proxy, contextlib.ExitStack() as stack:
            proxy.wait_for("connections_lowered", configured=10000, allowed=64, open_files=200)
            caller = self.strangers(proxy, stack, 1)[0]
            idle = self.strangers(proxy, stack, 200)
            caller.sendall(self.request)
            self.assertIn(b"200 OK", caller.recv(65536))
            for connection in idle:
                connection.close()
            self.assertEqual(curl(proxy.url + "/public/").status, 200)

    def test_without_descriptors_it_rests_and_recovers(self):
        with self.proxy(workers=1) as proxy, contextlib.ExitStack() as stack:
            # Less than it counted on: as if the whole machine had none left.
            resource.prlimit(proxy.process.pid, resource.RLIMIT_NOFILE, (40, 40))
            idle = self.strangers(proxy, stack, 60)
            proxy.wait_for("accept_failed")
            for connection in idle:
                connection.close()
            self.assertEqual(curl(proxy.url + "/public/").status, 200)

    def test_too_few_descriptors_to_start_with_are_70(self):
        done = processes.run(["bash", "-c", 'ulimit -n 10; exec "$@"', "bash", BINARY, "serve", self.file()])
        self.assertEqual((done.returncode, done.stdout), (70, ""))
        self.assertIn("Too many open files", done.stderr)

    def file(self):
        file = processes.new_folder("limits") / "routes.json"
        file.write_text(json.dumps(configuration(world.nginx().url, [issuer(key_set(self.signer))])))
        return file

    def test_connections_beyond_the_limit_wait_for_one_that_ends(self):
        with self.proxy(limits={"connections": 1}, timeouts={"keep_alive_min_seconds": 3600}) as proxy:
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE) as first:
                first.sendall(self.request)
                self.assertIn(b"200 OK", first.recv(65536))
                with socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE) as second:
                    second.sendall(self.request)
                    first.sendall(self.request)
                    self.assertIn(b"200 OK", first.recv(65536))
                    second.setblocking(False)
                    self.assertRaises(BlockingIOError, second.recv, 1)
                    second.settimeout(PATIENCE)
                    first.close()
                    self.assertIn(b"200 OK", second.recv(65536))

    def test_an_address_has_its_share_of_connections(self):
        with self.proxy(limits={"connections_per_address": 1}) as proxy:
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE) as first:
                first.sendall(self.request)
                self.assertIn(b"200 OK", first.recv(65536))
                with socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE) as second:
                    self.assertEqual(second.recv(1), b"")
                first.sendall(self.request)
                self.assertIn(b"200 OK", first.recv(65536))


class LogTests(unittest.TestCase):
    def setUp(self):
        self.signer = Signer()

    def test_callers_cannot_write_lines_of_their_own(self):
        with Proxy(world.nginx().url, issuer(key_set(self.signer))) as proxy:
            target = b'/public/a%0a"b\\u0041\xc3\xa4'
            exchange(proxy.port, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            strange = self.signer.token("profile:read", client_id='x"}\n{"event":"request"', sub="s")
            self.assertEqual(curl(proxy.url + "/v2/users", token=strange).status, 401)
            named = self.signer.token("profile:create", client_id='q"\u00e4\\u0041')
            self.assertEqual(curl(proxy.url + "/v2/users", token=named).status, 403)
            proxy.stop()
            self.assertEqual(len(proxy.requests()), 3)

    def test_no_token_is_ever_logged_wherever_callers_put_it(self):
        token = self.signer.token("profile:read")
        with Proxy(world.nginx().url, issuer(key_set(self.signer)), log={"level": "debug", "format": "json"}) as proxy:
            curl(proxy.url + f"/v2/users?access_token={token}", token=token)
            curl(proxy.url + "/v2/users", "-H", f"Cookie: token={token}", "-H", f"Referer: http://x/{token}")
            curl(proxy.url + "/v2/users", "-H", f"Authorization: {token}")
            curl(proxy.url + "/v2/users", "-H", f"Authorization: Bearer {token} {token}")
            curl(proxy.url + "/v2/users", token=token[:-5])
            exchange(proxy.port, f"GET /v2/users HTTP/1.1\r\nHost: {token}, x\r\n\r\n".encode())
            exchange(proxy.port, f"{token} /v2/users HTTP/1.1\r\nHost: x\r\n\r\n".encode())
            exchange(proxy.port, f"GET /v2/users {token}\r\nHost: x\r\n\r\n".encode())
            proxy.stop()
            self.assertEqual(len(proxy.requests()), 8)

    def test_text_format_is_one_line_for_each_request(self):
        with Proxy(world.nginx().url, issuer(key_set(self.signer))) as json_proxy:
            configured = json_proxy.folder / "text.json"
            text = configuration(world.nginx().url, [issuer(key_set(self.signer))])
            text["log"]["format"] = "text"
            configured.write_text(json.dumps(text))
        process, log = serve(configured)
        line = log.wait_for(lambda line: line if " listening " in line else None)
        url = line.partition("address=")[2].split()[0]
        curl(url + "/v2/users")
        log.wait_for(lambda line: line if " request " in line and "status=401" in line else None)
        self.assertEqual(processes.end(process), 0)

    def test_text_on_a_terminal(self):
        folder = processes.new_folder("terminal")
        configured = folder / "routes.json"
        text = configuration(world.nginx().url, [issuer(key_set(self.signer))])
        del text["log"]
        configured.write_text(json.dumps(text))
        master, slave = pty.openpty()
        process = processes.start([BINARY, "serve", configured], stderr=slave)
        os.close(slave)
        said = b""
        while b" listening " not in said or b"\n" not in said:
            said += os.read(master, 65536)
        self.assertNotIn(b'{"time"', said)
        self.assertEqual(processes.end(process), 0)
        os.close(master)


def serve(configured):
    process = processes.start([BINARY, "serve", "--config", configured], stderr=subprocess.PIPE)
    return process, processes.Lines(process.stderr)


class ObserveTests(unittest.TestCase):
    def test_observe_refuses_nothing_for_lack_of_rights_and_tells_what_it_would(self):
        signer = Signer()
        upstream = world.nginx()
        with Proxy(upstream.url, issuer(key_set(signer)), mode="observe") as proxy:
            self.assertEqual(proxy.wait_for("listening")["mode"], "observe")
            good = signer.token("profile:read")
            # Whom the upstream is told of, and whom the log names: a caller that would be refused is vouched for to
            # nobody, but whoever reads the log wants to know who would be.
            cases = [
                ("GET", None, "missing_token", "", None), ("GET", "rubbish", "malformed_token", "", None),
                ("GET", signer.token("profile:read", exp=1), "expired", "", None),
                ("GET", signer.token("x"), "insufficient_scope", "", "client-7"),
                ("PUT", good, "method_not_allowed", "", "client-7"), ("GET", good, None, "client-7", "client-7"),
            ]
            for method, token, observed, told, logged in cases:
                path = f"/v2/users/{uuid.uuid4().hex}"
                with self.subTest(observed=observed):
                    answer = curl(proxy.url + path, "-X", method, "-H", "X-Auth-Client-Id: forged", token=token)
                    self.assertEqual(answer.status, 200)
                    seen = upstream.seen(path)
                    self.assertEqual(seen["client"], told)
                    entry = proxy.wait_for("request", request_id=seen["id"])
                    self.assertEqual((entry.get("observed"), entry.get("client_id")), (observed, logged))
            path = f"/unknown/{uuid.uuid4().hex}"
            self.assertEqual(curl(proxy.url + path, token=signer.token()).status, 200)
            self.assertEqual(proxy.wait_for("request", path=path)["observed"], "no_route")

    def test_observe_still_refuses_what_is_unsafe(self):
        signer = Signer()
        with Proxy(world.nginx().url, issuer(key_set(signer)), mode="observe") as proxy:
            token = signer.token()
            for path in ["/v2/users/%zz", "/public/../v2/users/1", "/public/..%2fv2%2freports%2facme"]:
                self.assertEqual(curl(proxy.url + path, token=token).status, 400, path)
            request = b"POST /v2/users HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"
            self.assertTrue(exchange(proxy.port, request).startswith(b"HTTP/1.1 400 "))

    def test_one_route_may_only_observe(self):
        signer = Signer()
        routes = [{"path": "/a", "scopes": ["a"]}, {"path": "/b", "scopes": ["b"], "mode": "observe"}]
        with Proxy(world.nginx().url, issuer(key_set(signer)), routes=routes) as proxy:
            token = signer.token("x")
            self.assertEqual(curl(proxy.url + "/a", token=token).status, 403)
            self.assertEqual(curl(proxy.url + "/b", token=token).status, 200)
            self.assertEqual(proxy.wait_for("request", path="/b")["missing_scopes"], "b")


class SettingsTests(unittest.TestCase):
    def test_settings_of_the_upstream_and_of_trusted_proxies(self):
        signer = Signer()
        upstream = world.nginx()
        settings = {"url": upstream.url, "host_header": "upstream", "set_headers": {"X-Api-Key": "from the proxy"}}
        with Proxy(settings, issuer(key_set(signer)), trusted_proxies=["127.0.0.0/8"], realm="users") as proxy:
            path = f"/v2/users/{uuid.uuid4().hex}"
            fields = ["X-Api-Key: from the caller", "X_Api_Key: too", "X-Request-Id: theirs",
                      "X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https"]
            arguments = [part for field in fields for part in ("-H", field)]
            self.assertEqual(curl(proxy.url + path, *arguments, token=signer.token("profile:read")).status, 200)
            seen = upstream.seen(path)
            self.assertEqual((seen["key"], seen["id"]), ("from the proxy", "theirs"))
            self.assertEqual((seen["forwarded_for"], seen["forwarded_proto"]), ("192.0.2.7, 127.0.0.1", "https"))
            self.assertEqual(seen["host"], f"127.0.0.1:{upstream.port}")
            answer = curl(proxy.url + path, "-H", "X-Request-Id: known")
            self.assertEqual(answer.head["WWW-Authenticate"], 'Bearer realm="users"')
            self.assertEqual(answer.problem["request_id"], "known")

    def test_the_token_is_forwarded_if_that_is_asked_for(self):
        signer = Signer()
        token = signer.token("profile:read", tenant="acme")
        identity = {"claims": {"X-Auth-Tenant": "tenant"}}
        with Proxy(world.nginx().url, issuer(key_set(signer)), forward_token=True, identity_headers=identity) as proxy:
            path = f"/v2/users/{uuid.uuid4().hex}"
            self.assertEqual(curl(proxy.url + path, token=token).status, 200)
            seen = world.nginx().seen(path)
            self.assertEqual((seen["authorization"], seen["tenant"]), (f"Bearer {token}", "acme"))
