"""Restarts that nobody notices: by two processes on one port, by a socket that outlives them, and by waiting a while."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import resource
import signal
import socket
import subprocess
import threading
import time
import unittest

from support import processes, supervisor, world
from support.caller import curl
from support.issuer import Issuer
from support.processes import BINARY, PATIENCE
from support.proxy import Proxy, command, issuer
from support.tokens import Signer, key_set


class Load:
    """Callers that keep their connections and never send a request again: each failure counts."""

    def __init__(self, port, token, callers=8):
        self.port = port
        self.token = token
        self.answered = 0
        self.closed = 0
        self.failures = []
        self.lock = threading.Lock()
        self.over = threading.Event()
        self.threads = [threading.Thread(target=self._call, args=[number]) for number in range(callers)]
        for thread in self.threads:
            thread.start()

    def _call(self, number):
        connection = None
        while not self.over.is_set():
            if connection is None:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            try:
                connection.request("GET", "/v2/users/7", headers={"Authorization": f"Bearer {self.token}"})
                answer = connection.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException) as error:
                with self.lock:
                    self.failures.append(f"{number}: {error!r}")
                connection = None
                continue
            with self.lock:
                self.answered += 1
                if answer.status != 200:
                    self.failures.append(f"{number}: {answer.status}")
            if answer.getheader("Connection") == "close":
                with self.lock:
                    self.closed += 1
                connection.close()
                connection = None

    def wait_for(self, more):
        """Until so many more requests have been answered."""
        wanted = self.answered + more
        pause = threading.Event()
        for _ in range(PATIENCE * 100):
            if self.answered >= wanted or self.failures:
                return
            pause.wait(0.01)
        raise AssertionError(f"{self.answered} of {wanted} requests were answered")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join(PATIENCE)


class RestartTests(unittest.TestCase):
    def setUp(self):
        self.signer = Signer()
        self.upstream = world.nginx()
        self.stack = contextlib.ExitStack()
        self.addCleanup(self.stack.close)

    def proxy(self, **more):
        return Proxy(self.upstream.url, issuer(key_set(self.signer)), **more)

    def roll(self, load, start):
        """One generation after another, each ready before the one before it is told to end."""
        running = start()
        endings = []
        for _ in range(6):
            load.wait_for(200)
            following = start()
            running.signal()
            running.wait_for("draining")
            endings.append(running)
            running = following
        load.wait_for(200)
        load.__exit__()
        self.assertEqual(load.failures, [])
        self.assertGreater(load.closed, 0)
        for ending in endings:
            self.assertEqual(ending.wait(), 0)
            ending.check_log()
        self.assertEqual(running.stop(), 0)
        self.assertGreater(len(running.requests()), 0)

    def test_two_processes_on_one_port(self):
        port = processes.free_port()
        first = self.proxy(listen=f"127.0.0.1:{port}", reuse_port=True)
        begun = [first]

        def start():
            return begun.pop() if begun else self.proxy(listen=f"127.0.0.1:{port}", reuse_port=True)

        self.roll(self.stack.enter_context(Load(port, self.signer.token("profile:read"))), start)

    def test_one_socket_for_all_processes(self):
        kept = self.stack.enter_context(supervisor.listening())
        port = kept.getsockname()[1]

        def start():
            return self.proxy(listen=f"127.0.0.1:{port}", sockets=[kept], names=["listen"], workers=3)

        self.roll(self.stack.enter_context(Load(port, self.signer.token("profile:read"))), start)

    def test_a_socket_outlives_the_time_between_two_processes(self):
        """Nobody is there for a moment, as when systemd restarts a service; callers that do not even keep connections
        wait in the queue."""
        kept = self.stack.enter_context(supervisor.listening())
        port = kept.getsockname()[1]
        over, outcomes, lock = threading.Event(), [], threading.Lock()

        def call():
            while not over.is_set():
                try:
                    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as caller:
                        caller.sendall(b"GET /public/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                        answer = b"".join(iter(lambda: caller.recv(65536), b""))
                    outcome = answer[:12]
                except OSError as error:
                    outcome = repr(error)
                with lock:
                    outcomes.append(outcome)

        threads = [threading.Thread(target=call) for _ in range(6)]
        for _ in range(6):
            proxy = self.proxy(listen=f"127.0.0.1:{port}", sockets=[kept], workers=2)
            for thread in threads:
                if not thread.ident:
                    thread.start()
            since = len(outcomes)
            pause = threading.Event()
            while len(outcomes) < since + 100 and set(outcomes) <= {b"HTTP/1.1 200"}:
                pause.wait(0.01)
            self.assertEqual(proxy.stop(), 0)
        # The last ones are answered, too.
        proxy = self.proxy(listen=f"127.0.0.1:{port}", sockets=[kept])
        over.set()
        for thread in threads:
            thread.join(PATIENCE)
        self.assertEqual(set(outcomes), {b"HTTP/1.1 200"})
        self.assertEqual(proxy.stop(), 0)

    # MARK: - The end

    def test_a_grace_in_which_all_is_served(self):
        with self.proxy(
                admin="127.0.0.1:0", timeouts={"drain_grace_seconds": 1, "drain_idle_seconds": 0}) as proxy:
            kept = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=PATIENCE)
            kept.request("GET", "/public/")
            first = kept.getresponse()
            first.read()
            self.assertIsNone(first.getheader("Connection"))
            self.assertEqual(curl(proxy.admin + "/readyz").status, 200)
            proxy.signal()
            proxy.wait_for("draining")
            self.assertEqual(curl(proxy.admin + "/readyz").status, 503)
            kept.request("GET", "/public/")
            last = kept.getresponse()
            self.assertEqual((last.status, last.getheader("Connection")), (200, "close"))
            new = curl(proxy.url + "/public/")
            self.assertEqual((new.status, new.head["Connection"]), (200, "close"))
            self.assertEqual(proxy.wait(), 0)
            with self.assertRaises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", proxy.port), timeout=PATIENCE)

    def test_a_second_sigterm_ends_the_grace(self):
        with self.proxy(timeouts={"drain_grace_seconds": 3600, "drain_seconds": 3600}) as proxy:
            proxy.signal()
            proxy.wait_for("draining")
            self.assertEqual(curl(proxy.url + "/public/").status, 200)
            proxy.signal()
            self.assertEqual(proxy.wait(), 0)

    def test_the_grace_is_that_of_the_rules_in_force(self):
        with self.proxy(timeouts={"drain_seconds": 30}) as proxy:
            configuration = json.loads(proxy.file.read_text())
            configuration["timeouts"]["drain_grace_seconds"] = 0.25
            proxy.file.write_text(json.dumps(configuration))
            proxy.signal(signal.SIGHUP)
            proxy.wait_for("reloaded")
            proxy.signal()
            self.assertEqual(proxy.wait_for("draining")["grace_ms"], 250)
            self.assertEqual(proxy.wait(), 0)

    def test_a_rolling_restart_with_a_grace(self):
        """A caller with a connection at rest: it comes back before its time is over, and is answered."""
        with self.proxy(timeouts={"drain_idle_seconds": 15, "drain_seconds": 30}) as proxy:
            kept = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=PATIENCE)
            kept.request("GET", "/public/")
            kept.getresponse().read()
            proxy.signal()
            proxy.wait_for("draining")
            kept.request("GET", "/public/")
            answer = kept.getresponse()
            self.assertEqual((answer.status, answer.getheader("Connection")), (200, "close"))
            answer.read()
            self.assertEqual(proxy.wait(), 0)

    # MARK: - Who started it

    def test_what_is_told_to_whoever_started_it(self):
        for abstract in [False, True]:
            with self.subTest(abstract=abstract):
                notices = supervisor.Notices(abstract)
                environment = {"NOTIFY_SOCKET": notices.name, "WATCHDOG_USEC": "200000"}
                with self.proxy(environment=environment) as proxy:
                    ready = notices.wait_for("READY")
                    self.assertIn(f":{proxy.port}", notices.told[ready]["STATUS"])
                    beat = notices.wait_for("WATCHDOG")
                    beat = notices.wait_for("WATCHDOG", beat + 1)
                    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
                    proxy.signal(signal.SIGHUP)
                    reloading = notices.wait_for("RELOADING")
                    self.assertGreaterEqual(int(notices.told[reloading]["MONOTONIC_USEC"]), before)
                    again = notices.wait_for("READY", reloading)
                    proxy.signal()
                    notices.wait_for("STOPPING", again)
                    self.assertEqual(proxy.wait(), 0)
                    # Nothing of that goes on to programs that it might start.
                self.assertNotIn("READY", notices.told[-1])

    def test_the_watchdog_hears_nothing_of_a_process_that_stands_still(self):
        notices = supervisor.Notices()
        with self.proxy(environment={"NOTIFY_SOCKET": notices.name, "WATCHDOG_USEC": "100000"}) as proxy:
            notices.wait_for("WATCHDOG", notices.wait_for("READY"))
            proxy.signal(signal.SIGSTOP)
            self.assertEqual(os.waitpid(proxy.process.pid, os.WUNTRACED)[1] & 0xff, 0x7f)
            heard = len(notices.told)
            threading.Event().wait(0.5)
            # One may have been on its way.
            self.assertLessEqual(len(notices.told), heard + 1)
            proxy.signal(signal.SIGCONT)
            notices.wait_for("WATCHDOG", heard + 1)

    def test_sockets_that_do_not_fit(self):
        kept = self.stack.enter_context(supervisor.listening())
        other = self.stack.enter_context(supervisor.listening())
        here, there = (f"127.0.0.1:{made.getsockname()[1]}" for made in (kept, other))
        plain = self.stack.enter_context(socket.socket())
        rows = [
            ({"listen": here}, [kept, other], None, "nothing in the configuration listens there"),
            ({"listen": here}, [other], ["listen"], f"listens on {there}, but the configuration says {here}"),
            ({"listen": here, "admin": there}, [kept, other], ["listen", "egress"], "nothing in the configuration"),
            ({"listen": here, "workers": 1}, [kept, kept], None, "2 sockets for `listen`, which can use 1"),
            ({"listen": here}, [plain], None, "is no listening TCP socket"),
        ]
        for settings, sockets, names, wanted in rows:
            with self.subTest(wanted=wanted):
                self.assert_does_not_start(settings, wanted, sockets, names)

    def assert_does_not_start(self, settings, wanted, sockets, names):
        folder = processes.new_folder("proxy")
        every = {"upstream": self.upstream.url, "routes": [{"path": "/{all...}", "public": True}]}
        (folder / "routes.json").write_text(json.dumps(every | settings))
        start, handing, environment = supervisor.handed(
            [str(BINARY), "serve", str(folder / "routes.json")], sockets, names)
        copies = handing.pop("copies")
        done = processes.run(start, env=os.environ | environment, **handing)
        for copy in copies:
            os.close(copy)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn(wanted, done.stderr)

    def test_without_reuse_port_a_second_process_is_refused(self):
        with self.proxy() as proxy:
            folder = processes.new_folder("proxy")
            settings = {
                "listen": f"127.0.0.1:{proxy.port}", "upstream": self.upstream.url,
                "routes": [{"path": "/{all...}", "public": True}],
            }
            (folder / "routes.json").write_text(json.dumps(settings))
            done = command("serve", folder / "routes.json")
            self.assertEqual(done.returncode, 1)
            self.assertIn("another process listens there", done.stderr)
            self.assertIn("reuse_port", done.stderr)

    # MARK: - Privileges

    def test_what_it_gives_up(self):
        for options, core in [([], "0"), (["--core-dumps"], str(self.core_limit()))]:
            with self.subTest(options=options), self.proxy(options=options) as proxy:
                folder = pathlib.Path(f"/proc/{proxy.process.pid}")
                status = (folder / "status").read_text()
                self.assertIn("NoNewPrivs:\t1\n", status)
                limits = {line[:26].strip(): line[26:].split()[0] for line in (folder / "limits").read_text().splitlines()}
                self.assertEqual(limits["Max core file size"].replace("unlimited", str(resource.RLIM_INFINITY)), core)
                # Files of a process that may not be looked into belong to root, whoever runs it.
                self.assertEqual(curl(proxy.url + "/public/").status, 200)

    def test_commands_give_it_up_too(self):
        """One that waits for its standard input can be looked at."""
        with subprocess.Popen([BINARY, "check", "-"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL) as process:
            folder = pathlib.Path(f"/proc/{process.pid}")
            deadline = time.monotonic() + PATIENCE
            while not re.search(r"Max core file size +0 +0 ", (folder / "limits").read_text()):
                self.assertLess(time.monotonic(), deadline)
                time.sleep(0.01)
            self.assertIn("NoNewPrivs:\t1\n", (folder / "status").read_text())
            process.stdin.close()

    @staticmethod
    def core_limit():
        return resource.getrlimit(resource.RLIMIT_CORE)[0]


class IssuerRestartTests(unittest.TestCase):
    def test_a_socket_outlives_its_issuers(self):
        kept = supervisor.listening()
        self.addCleanup(kept.close)
        notices = supervisor.Notices()
        server = Issuer(listen=f"127.0.0.1:{kept.getsockname()[1]}", timeouts={"drain_idle_seconds": 0})
        url = f"http://127.0.0.1:{kept.getsockname()[1]}"
        heard = 0
        for _ in range(3):
            server.start(sockets=[kept], environment={"NOTIFY_SOCKET": notices.name})
            heard = notices.wait_for("READY", heard) + 1
            self.assertEqual(curl(f"{url}/.well-known/jwks.json").status, 200)
            self.assertEqual(server.stop(), 0)
            heard = notices.wait_for("STOPPING", heard) + 1
            # It waits in the queue for the next one.
            waiting = socket.create_connection(kept.getsockname(), timeout=PATIENCE)
            waiting.sendall(b"GET /.well-known/jwks.json HTTP/1.1\r\nHost: x\r\n\r\n")
            server.start(sockets=[kept], environment={"NOTIFY_SOCKET": notices.name})
            self.assertIn(b"200 OK", waiting.recv(65536))
            waiting.close()
            self.assertEqual(server.stop(), 0)
            heard = len(notices.told)
