"""The commands as a shell sees them: output, messages, exit statuses; and how `serve` starts."""

import json
import os
import re
import subprocess
import unittest

from support import processes, world
from support.caller import curl
from support.processes import BINARY, REPOSITORY
from support.proxy import Proxy, command, configuration, issuer
from support.tokens import Signer, key_set

FIXTURES = REPOSITORY / "Tests/ProxyCoreTests/Config/Fixtures"


class CommandsTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = processes.new_folder("commands")
        cls.signer = Signer()
        cls.good = cls.folder / "good.json"
        cls.good.write_text(json.dumps(configuration("http://127.0.0.1:1", [issuer(key_set(cls.signer))])))

    def test_help_and_version_everywhere(self):
        commands = command("--help").stdout.partition("Commands:\n")[2].partition("\n\n")[0]
        names = [line.split()[0] for line in commands.splitlines()]
        self.assertTrue({"serve", "check", "explain", "verify", "demo"} <= set(names), names)
        for arguments in [["--help"], ["-h"], ["help"], ["help", "serve"], *([name, "--help"] for name in names)]:
            done = command(*arguments)
            with self.subTest(arguments=arguments):
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertIn("Usage: scopeproxy", done.stdout)
        for arguments in [["--version"], ["-V"], ["serve", "--version"]]:
            done = command(*arguments)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"^scopeproxy \d+\.\d+\.\d+ ")

    def test_64_for_what_is_no_command(self):
        for arguments in [[], ["serv"], ["--helpp"], ["help", "serv"], ["check"], ["check", "a", "b"],
                          ["explain", self.good], ["serve", "--config"], ["serve", "--cofnig", self.good],
                          ["serve", self.good, "--config", self.good]]:
            done = command(*arguments)
            with self.subTest(arguments=[str(part)[-12:] for part in arguments]):
                self.assertEqual((done.returncode, done.stdout), (64, ""))
                self.assertNotEqual(done.stderr, "")
        self.assertIn("did you mean serve?", command("serv").stderr)

    def test_70_when_output_cannot_be_written(self):
        with open("/dev/full", "wb") as full:
            done = processes.run(
                [BINARY, "check", self.good], capture_output=False, stdout=full, stderr=subprocess.PIPE)
        self.assertEqual(done.returncode, 70)
        self.assertIn("cannot write", done.stderr)

    def test_check_shows_the_table_in_order_of_precedence(self):
        paths = ["/a/{rest...}", "/a/{id}/c", "/a/b", "/a/{id}", "/a/b/c"]
        routes = [{"path": path, "methods": ["GET"], "scopes": ["s"]} for path in paths]
        file = self.folder / "table.json"
        open_to_all = {"path": "/open", "public": True}
        file.write_text(json.dumps(
            configuration("http://127.0.0.1:1", [issuer(key_set(self.signer))], routes=[*routes, open_to_all])))
        done = command("check", file)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        listed = [line.split()[1] for line in done.stdout.splitlines() if re.match(r"(any|[A-Z,]+) +/", line)]
        self.assertEqual(set(listed), {*paths, "/open"})
        for before, after in [("/a/b", "/a/{id}"), ("/a/{id}", "/a/{rest...}"), ("/a/b/c", "/a/{id}/c"),
                              ("/a/{id}/c", "/a/{rest...}")]:
            self.assertLess(listed.index(before), listed.index(after))
        self.assertRegex(done.stdout, "warning: .*/open.* is public")

    def test_check_reads_standard_input(self):
        done = command("check", "-", input=self.good.read_text())
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_check_accepts_good_files_and_refuses_bad_ones(self):
        environment = os.environ | {
            "SCOPEPROXY_TEST_EMPTY": "", "TEST_EMPTY": "", "NAME": "value",
        }
        folders = [("bad", 64), ("bad-loader-only", 64)]
        for folder, status in folders:
            files = sorted((FIXTURES / folder).glob("*.json"))
            self.assertGreater(len(files), 20)
            # A spread of them; the loader's own tests go through all.
            for file in files[:: max(1, len(files) // 25)]:
                done = command("check", file, env=environment)
                with self.subTest(f"{folder}/{file.name}"):
                    self.assertEqual((done.returncode, done.stdout), (status, ""))
                    for line in done.stderr.splitlines():
                        self.assertRegex(line, rf"^{re.escape(str(file))}(:\d+:\d+)?: ")
        minimal = FIXTURES / "good/minimal.json"
        self.assertEqual(command("check", minimal).returncode, 0)

    def test_every_problem_is_told_at_once_with_its_place(self):
        bad = self.folder / "bad.json"
        bad.write_text("""{
  "listen": "127.0.0.1:0",
  "upstraem": "http://127.0.0.1:9000",
  "issuers": [{"issuer": "https://a/", "audiences": [], "jwks_file": "keys.json"}],
  "routes": [
    {"path": "/a", "scopes": ["x"], "scopes": ["y"]},
    {"path": "/b"}
  ]
}
""")
        for arguments in [["check", bad], ["serve", "--config", bad], ["explain", bad, "GET", "/"]]:
            done = command(*arguments)
            with self.subTest(arguments[0]):
                self.assertEqual((done.returncode, done.stdout), (64, ""))
                lines = done.stderr.splitlines()
                for wanted in [r":3:3: upstraem: .*did you mean \"upstream\"", r":4:53: issuers\[0\]\.audiences: ",
                               r":6:37: routes\[0\]\.scopes: ", r":7:5: routes\[1\]: "]:
                    matching = [line for line in lines if re.search(re.escape(str(bad)) + wanted, line)]
                    self.assertEqual(len(matching), 1, f"{wanted} in\n{done.stderr}")

    def test_64_for_files_that_are_no_configuration(self):
        for name, text in [("empty", ""), ("not-json", "listen: 1"), ("list", "[]"), ("cut", '{"listen": ')]:
            file = self.folder / f"{name}.json"
            file.write_text(text)
            done = command("check", file)
            with self.subTest(name):
                self.assertEqual((done.returncode, done.stdout), (64, ""))
                self.assertRegex(done.stderr, rf"^{re.escape(str(file))}:\d+:\d+: ")
        done = command("serve", "--config", self.folder / "none.json")
        self.assertEqual(done.returncode, 64)
        self.assertIn("none.json", done.stderr)

    def test_demo_says_what_is_missing_when_it_is_run_elsewhere(self):
        done = command("demo", "--once", cwd=self.folder)
        self.assertEqual((done.returncode, done.stdout), (64, ""))
        self.assertIn("routes.json", done.stderr)

    def test_explain_decides_as_the_proxy_does(self):
        token = self.signer.token("profile:read")
        token_file = self.folder / "token"
        token_file.write_text(token + "\n")
        cases = [
            ("GET", "/v2/users/1", [], 1, 401), ("GET", "/v2/users/1", ["--token", token], 0, 200),
            ("GET", "/v2/users/1", ["--token-file", token_file], 0, 200),
            ("GET", "/v2/users/1", ["--scopes", "profile:read x"], 0, 200),
            ("GET", "/v2/users/1", ["--scopes", "x"], 1, 403), ("POST", "/v2/users", ["--token", token], 1, 403),
            ("GET", "/v2/none", ["--token", token], 1, 404), ("PUT", "/v2/users", ["--token", token], 1, 405),
            ("GET", "/public/x", [], 0, 200), ("GET", "/public/../v2/users", [], 1, None),
            ("GET", "/v2/users/%zz", ["--token", token], 1, 400),
            ("GET", "/v2/users/1", ["--token", token[:-8] + "AAAAAAAA"], 1, 401),
        ]
        with Proxy(world.nginx().url, issuer(key_set(self.signer))) as proxy:
            for method, path, arguments, exit_status, status in cases:
                done = command("explain", self.good, method, path, *arguments)
                with self.subTest(method=method, path=path, options=arguments[:1]):
                    self.assertEqual((done.returncode, done.stderr), (exit_status, ""))
                    self.assertNotIn(token.rpartition(".")[2], done.stdout)
                    if status and exit_status:
                        self.assertIn(str(status), done.stdout)
                    if arguments[:1] == ["--token"] or not arguments:
                        own = arguments[1] if arguments else None
                        answer = curl(proxy.url + path, "-X", method, token=own)
                        self.assertEqual(answer.status < 400, done.returncode == 0)
                        if answer.status >= 400:
                            self.assertIn(str(answer.status), done.stdout)
        for arguments in [["GET", "/v2/users", "--token", "a", "--scopes", "b"],
                          ["GET", "/v2/users", "--token-file", self.folder / "none"], ["GET", "http://x/v2/users"]]:
            self.assertEqual(command("explain", self.good, *arguments).returncode, 64)

    def test_the_startup_line_tells_what_runs(self):
        with Proxy(world.nginx().url, issuer(key_set(self.signer)), workers=1) as proxy:
            line = proxy.wait_for("listening")
            self.assertRegex(line["address"], r"^http://127\.0\.0\.1:[1-9]\d*$")
            self.assertEqual((line["upstream"], line["issuers"]), (world.nginx().url, "https://issuer.example/"))
            self.assertEqual((line["routes"], line["workers"], line["mode"]), (10, 1, "enforce"))
            self.assertEqual(line["level"], "info")

    def test_a_second_proxy_on_the_same_port_refuses_to_start(self):
        with Proxy(world.nginx().url, issuer(key_set(self.signer))) as proxy:
            second = self.folder / "second.json"
            address = f"127.0.0.1:{proxy.port}"
            second.write_text(json.dumps(
                configuration(world.nginx().url, [issuer(key_set(self.signer))], listen=address)))
            done = command("serve", "--config", second)
            self.assertEqual((done.returncode, done.stdout), (1, ""))
            self.assertIn(f"cannot listen on {address}: another process listens there", done.stderr)
            self.assertEqual(curl(proxy.url + "/public/").status, 200)

    def test_secrets_come_from_environment_and_files(self):
        (self.folder / "secret").write_text("s3cret-value\n")
        file = self.folder / "references.json"
        more = {"realm": "${E2E_REALM}"}
        upstream = {"url": world.nginx().url, "set_headers": {"X-Api-Key": "${file:secret}"}}
        file.write_text(json.dumps(configuration(upstream, [issuer(key_set(self.signer))], **more)))
        done = command("check", file)
        self.assertEqual(done.returncode, 64)
        self.assertIn("E2E_REALM", done.stderr)
        self.assertEqual(command("check", file, env=os.environ | {"E2E_REALM": "x"}).returncode, 0)


class BinaryTests(unittest.TestCase):
    def test_it_needs_openssl_and_libc_only(self):
        done = processes.run(["readelf", "--dynamic", BINARY])
        needed = set(re.findall(r"\(NEEDED\).*\[(.*)\]", done.stdout))
        allowed = r"libssl\.so\.3|libcrypto\.so\.3|libc\.so\.6|libm\.so\.6|ld-linux-.*\.so\.\d"
        self.assertTrue({"libc.so.6", "libcrypto.so.3"} <= needed, needed)
        self.assertEqual({name for name in needed if not re.fullmatch(allowed, name)}, set())
        self.assertNotRegex(done.stdout, r"R(UN)?PATH")
