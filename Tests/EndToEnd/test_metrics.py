"""The admin listener: what promtool, the dashboard and the alert rules make of it, and the probes."""

import json
import re
import signal
import unittest
import uuid

from support import processes, world
from support.caller import Call, curl
from support.certificates import Authority
from support.keyserver import KeyServer
from support.processes import REPOSITORY
from support.proxy import Proxy, command, configuration, issuer
from support.tokens import Signer, key_set

DOCS = REPOSITORY / "docs"
# What no name of a metric ends with, but its samples do.
SUFFIX = re.compile(r"_(bucket|sum|count)$")


def promtool(*arguments, **options):
    answer = processes.run([processes.program("promtool"), *arguments], **options)
    return answer.returncode, answer.stdout + answer.stderr


def names(text):
    return set(re.findall(r"\b(?:scopeproxy|process)_[a-z0-9_]+", text))


class Scrape:
    def __init__(self, proxy):
        self.answer = curl(proxy.admin + "/metrics")
        self.text = self.answer.body.decode()
        self.families = set(re.findall(r"^# TYPE (\S+)", self.text, re.MULTILINE))
        self.samples = {name for name in re.findall(r"^([a-z_]+)[{ ]", self.text, re.MULTILINE)}

    def value(self, series):
        found = re.search(rf"^{re.escape(series)} (\S+)$", self.text, re.MULTILINE)
        return float(found[1]) if found else None


class MetricsTests(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.signer = Signer()
        cls.keys = KeyServer(cls.signer)
        cls.addClassCleanup(cls.keys.die)
        second = issuer(key_set(Signer()), 'https://quoted.example/"\\')
        # With TLS there is more to count.
        authority = Authority()
        # Nobody gives tokens there.
        target = {
            "host": "api.test", "upstream": world.nginx().url,
            "token": {"token_endpoint": cls.keys.uri, "client_id": "a", "client_secret": "${SECRET}"},
        }
        cls.proxy = Proxy(
            world.nginx().url, issuer(cls.keys.uri), second, admin="127.0.0.1:0",
            listen={"address": "127.0.0.1:0", "tls": authority.issue().pair()},
            environment={"SECRET": "x"}, egress={"listen": "127.0.0.1:0", "targets": [target]})
        cls.addClassCleanup(cls.proxy.stop)
        cls.proxy.wait_for("keys_changed")
        for path in ["/v2/users", "/v2/users/7", "/public/x", "/nowhere"]:
            for token in [None, cls.signer.token("profile:read"), cls.signer.token(), Signer().token()]:
                curl(cls.proxy.url + path, "--cacert", authority.certificate, token=token)

    def test_promtool_finds_no_fault_with_a_scrape(self):
        scrape = Scrape(self.proxy)
        self.assertEqual(scrape.answer.status, 200)
        self.assertEqual(scrape.answer.head["Content-Type"], "text/plain; version=0.0.4; charset=utf-8")
        self.assertEqual(promtool("check", "metrics", input=scrape.text), (0, ""))
        # So that the above is known to see something.
        self.assertNotEqual(promtool("check", "metrics", input=scrape.text + "bad{\n")[0], 0)

    def test_requests_are_counted(self):
        counted = 'scopeproxy_requests_total{route="GET /v2/users",decision="%s",reason="%s"}'
        # A request is counted when it has ended, of which its caller knows a little earlier.
        for _ in range(100):
            scrape = Scrape(self.proxy)
            if scrape.value(counted % ("allowed", "")):
                break
        self.assertEqual(scrape.value(counted % ("allowed", "")), 1)
        for reason in ["missing_token", "insufficient_scope", "no_matching_key"]:
            self.assertEqual(scrape.value(counted % ("refused", reason)), 1, reason)

    def test_every_metric_is_documented_and_every_documented_one_exists(self):
        table = re.findall(r"^\| `([a-z_]+)` \| (counter|gauge|histogram) \|", (DOCS / "metrics.md").read_text(), re.M)
        scrape = Scrape(self.proxy)
        told = set(re.findall(r"^# TYPE (\S+) (\S+)$", scrape.text, re.M))
        self.assertEqual(told, set(table))
        self.assertEqual({SUFFIX.sub("", name) if SUFFIX.sub("", name) in scrape.families else name
                          for name in scrape.samples}, scrape.families)

    def test_the_dashboard_asks_for_what_there_is(self):
        scrape = Scrape(self.proxy)
        dashboard = json.loads((DOCS / "grafana-dashboard.json").read_text())
        self.assertGreaterEqual(dashboard["schemaVersion"], 36)
        variables = {variable["name"] for variable in dashboard["templating"]["list"]}
        asked, expressions = set(), []
        for panel in dashboard["panels"]:
            for target in panel.get("targets", []):
                self.assertEqual(target["datasource"]["uid"], "${DS_PROMETHEUS}", panel["title"])
                expressions.append(target["expr"])
                asked |= names(target["expr"])
        used = {name for text in expressions for name in re.findall(r"\$(\w+)", text)} - {"__rate_interval"}
        self.assertLessEqual(used | {"DS_PROMETHEUS"}, variables)
        self.assertGreater(len(asked), 25)
        self.assertLessEqual(asked, scrape.samples | scrape.families)
        self.assertEqual(len({panel["id"] for panel in dashboard["panels"]}), len(dashboard["panels"]))
        self.check_expressions(expressions)

    def check_expressions(self, expressions):
        """As rules, since those are what promtool reads."""
        rules = [{"record": f"panel:{n}", "expr": text.replace("$__rate_interval", "1m")}
                 for n, text in enumerate(expressions)]
        file = processes.new_folder("rules") / "rules.yml"
        # JSON is YAML.
        file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))
        status, said = promtool("check", "rules", file)
        self.assertEqual(status, 0, said)

    def test_the_alerts_ask_for_what_there_is(self):
        scrape = Scrape(self.proxy)
        rules = (DOCS / "alerts.yml").read_text()
        asked = {name for line in rules.splitlines() if not line.strip().startswith("#")
                 for name in names(line)}
        self.assertGreater(len(asked), 8)
        self.assertLessEqual(asked, scrape.samples | scrape.families)

    def test_promtool_finds_no_fault_with_the_alerts_and_they_fire(self):
        status, said = promtool("check", "rules", DOCS / "alerts.yml")
        self.assertEqual(status, 0, said)
        status, said = promtool("test", "rules", REPOSITORY / "Tests/EndToEnd/prometheus/alerts_test.yml")
        self.assertEqual(status, 0, said)

    def test_keys_tell_of_every_issuer(self):
        first, second = json.loads(curl(self.proxy.admin + "/keys").body)["issuers"]
        self.assertEqual((first["source"], second["source"]), ("network", "inline"))
        self.assertEqual(second["issuer"], 'https://quoted.example/"\\')
        self.assertEqual([key["kid"] for key in first["keys"]], [self.signer.kid])
        self.assertRegex(first["keys"][0]["last_used"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        self.assertIsNone(second["keys"][0]["last_used"])


class ProbeTests(unittest.TestCase):
    def ready(self, proxy):
        answer = curl(proxy.admin + "/readyz")
        return answer.status, json.loads(answer.body)["status"]

    def test_readiness_waits_for_keys_and_ends_with_sigterm(self):
        signer, upstream = Signer(), world.nginx()
        with KeyServer(signer, listening=False) as keys:
            with Proxy(upstream.url, issuer(keys.uri), admin="127.0.0.1:0") as proxy:
                proxy.wait_for("keys_not_fetched")
                self.assertEqual(self.ready(proxy), (503, "keys_missing"))
                self.assertEqual(curl(proxy.admin + "/livez").status, 200)
                keys.listen()
                proxy.wait_for("keys_changed")
                self.assertEqual(self.ready(proxy), (200, "ready"))
                name = uuid.uuid4().hex
                stream = upstream.backend.stream(name)
                call = Call(proxy.url + f"/v2/backend/stream/{name}", "-N", token=signer.token())
                stream.send(b"begun")
                self.assertEqual(call.process.stdout.read(5), b"begun")
                proxy.signal(signal.SIGTERM)
                proxy.wait_for("draining")
                self.assertEqual(self.ready(proxy), (503, "draining"))
                self.assertEqual(curl(proxy.admin + "/livez").status, 200)
                stream.end()
                self.assertEqual(call.answer().exit_status, 0)
                self.assertEqual(proxy.wait(), 0)

    def test_a_taken_address_is_told(self):
        with Proxy(world.nginx().url, issuer(key_set(Signer())), admin="127.0.0.1:0") as proxy:
            taken = proxy.admin.removeprefix("http://")
            text = configuration(world.nginx().url, [issuer(key_set(Signer()))], admin=taken)
            file = processes.new_folder("taken") / "routes.json"
            file.write_text(json.dumps(text))
            answer = command("serve", file)
            self.assertEqual(answer.returncode, 1)
            self.assertIn(f"cannot listen on {taken}: another process listens there", answer.stderr)
            self.assertIn("change `admin`", answer.stderr)
