"""The demo: what it prints is pasted into a shell, and its tokens are read by a library that is not ours."""

import json
import pathlib
import re
import signal
import subprocess
import unittest

from joserfc import jwk, jwt

from support import processes
from support.caller import curl
from support.processes import BINARY, REPOSITORY, Lines


class DemoTests(unittest.TestCase):
    """One demo that stays up; every test uses it as a person would who has read its page."""

    arguments = []

    @classmethod
    def setUpClass(cls):
        cls.process = processes.start([BINARY, "demo", *cls.arguments], cwd=REPOSITORY, stdout=subprocess.PIPE)
        cls.addClassCleanup(processes.end, cls.process)
        cls.output = Lines(cls.process.stdout)
        cls.output.wait_for(lambda line: True if "What next:" in line else None)
        cls.page = "\n".join(cls.output.lines)

    def steps(self):
        """Title, expected status and commands of each step."""
        for text in re.split(r"\n *\d+\. ", self.page)[1:]:
            title, _, rest = text.partition("\n")
            status, commands = re.search(r"Expected: (\d+).*\n\n((?:.+\n)+)\n", rest).groups()
            yield title, int(status), commands

    def trust(self):
        """What curl has to be told."""
        return []

    def test_what_it_prints_can_be_pasted(self):
        steps = list(self.steps())
        self.assertGreaterEqual(len(steps), 12)
        script = "".join(f"echo '=== {number}'\n{commands}" for number, (_, _, commands) in enumerate(steps))
        variables = re.findall(r"^ *([A-Z]+)=", script, re.MULTILINE)
        script += "echo '=== end'\n" + "".join(f'echo "{name} ${name}"\n' for name in variables)
        result = processes.run(["sh", "-eu", "-c", script])
        self.assertEqual(result.returncode, 0, result.stderr)
        *answers, end = re.split(r"^=== .*\n", result.stdout, flags=re.MULTILINE)[1:]
        for (title, status, commands), answer in zip(steps, answers, strict=True):
            with self.subTest(step=title):
                shown = [int(number) for number in re.findall(r"^HTTP/1\.1 (\d+)", answer, re.MULTILINE)]
                self.assertEqual(shown, [status] if "curl -i" in commands else [])
        for name in variables:
            self.assertRegex(end, rf"(?m)^{name} [\w-]+\.[\w-]+\.[\w-]+$")

    def test_its_tokens_are_read_by_others(self):
        issuer = re.search(r"authorization server +(\S+)", self.page)[1]
        keys = json.loads(curl(issuer + "/.well-known/jwks.json", *self.trust()).body)
        key_set = jwk.KeySet.import_key_set(keys)
        self.assertEqual([key.thumbprint() for key in key_set.keys], [key["kid"] for key in keys["keys"]])
        for algorithm, title in [("ES256", "A daemon gets a token"), ("RS256", "A partner gets one too, in JSON")]:
            with self.subTest(algorithm=algorithm):
                commands = next(commands for name, _, commands in self.steps() if name == title)
                variable = commands.strip().partition("=")[0]
                token = processes.run(["sh", "-eu", "-c", f'{commands}echo "${variable}"']).stdout.strip()
                decoded = jwt.decode(token, key_set, algorithms=[algorithm])
                self.assertEqual(decoded.header["typ"], "at+jwt")
                self.assertEqual(decoded.claims["iss"], issuer)
                self.assertEqual(decoded.claims["exp"] - decoded.claims["iat"], 300)
                self.assertEqual(decoded.claims["client_id"], decoded.claims["sub"])


class DemoOverTLSTests(DemoTests):
    """The same, over https."""

    arguments = ["--tls"]

    def trust(self):
        return ["--cacert", re.search(r"--cacert (\S+)", self.page)[1]]

    def test_nothing_is_in_the_clear(self):
        egress = re.search(r"egress +(http://\S+)", self.page)[1]
        self.assertEqual(set(re.findall(r"http://[^/\s]+", self.page)), {egress})
        for server in ["authorization server", "proxy", "sample API"]:
            url = re.search(rf"{server} +(https://\S+)", self.page)[1]
            self.assertGreater(curl(url + "/healthz", *self.trust()).status, 0)
            # The system does not know the authority.
            self.assertEqual(curl(url + "/healthz").exit_status, 60)

    def test_its_files_go_with_it(self):
        process = processes.start([BINARY, "demo", *self.arguments], cwd=REPOSITORY, stdout=subprocess.PIPE)
        self.addCleanup(processes.end, process)
        output = Lines(process.stdout)
        output.wait_for(lambda line: True if "What next:" in line else None)
        file = pathlib.Path(re.search(r"--cacert (\S+)", "\n".join(output.lines))[1])
        self.assertTrue(file.exists())
        process.send_signal(signal.SIGINT)
        self.assertEqual(processes.wait(process), 0)
        self.assertFalse(file.parent.exists())


class DemoEndTests(unittest.TestCase):
    def test_ctrl_c_ends_it_cleanly(self):
        for number in [signal.SIGINT, signal.SIGTERM]:
            with self.subTest(signal=number.name):
                process = processes.start([BINARY, "demo"], cwd=REPOSITORY, stdout=subprocess.PIPE)
                self.addCleanup(processes.end, process)
                Lines(process.stdout).wait_for(lambda line: True if "What next:" in line else None)
                process.send_signal(number)
                self.assertEqual(processes.wait(process), 0)

    def test_once_ends_by_itself_and_says_nothing_on_standard_error(self):
        for arguments in [[], ["--tls"]]:
            with self.subTest(arguments):
                result = processes.run([BINARY, "demo", "--once", *arguments], cwd=REPOSITORY)
                self.assertEqual((result.returncode, result.stderr), (0, ""))
                self.assertRegex(
                    result.stdout,
                    r"\n(\d+) of \1 answers were as told\.\n\d+ calls while secret and key were replaced: 0 failed\.\n$")
