"""Certificates, made by the openssl command when a test needs them."""

import datetime
import pathlib
import subprocess

from support import processes


def openssl(*arguments, **options):
    """Runs openssl to its end."""
    return subprocess.run(
        [processes.program("openssl"), *map(str, arguments)],
        **{"capture_output": True, "text": True, "timeout": processes.PATIENCE} | options)


class Authority:
    """An authority, and a folder with its certificate `ca.pem` and all that it has issued."""

    def __init__(self, name="Test CA"):
        self.folder = processes.new_folder("certificates")
        self.certificate = self.folder / "ca.pem"
        self._run(
            "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            self.folder / "ca.key", "-out", self.certificate, "-days", "2", "-subj", f"/CN={name}")

    def issue(self, name, *names, use="serverAuth", days=1, key="P-256"):
        """A certificate for these names (or `name`), and its key, as the files NAME.pem and NAME.key."""
        request, certificate = self.folder / f"{name}.csr", self.folder / f"{name}.pem"
        kind = ["rsa:2048"] if key == "RSA" else ["ec", "-pkeyopt", f"ec_paramgen_curve:{key}"]
        self._run(
            "req", "-new", "-newkey", *kind, "-nodes", "-keyout", self.folder / f"{name}.key", "-out", request,
            "-subj", f"/CN={name}")
        extensions = self.folder / f"{name}.ext"
        alternatives = ",".join(f"IP:{one}" if one[0].isdigit() else f"DNS:{one}" for one in names or [name])
        extensions.write_text(f"extendedKeyUsage={use}\nsubjectAltName={alternatives}\n")
        if days < 0:
            now = datetime.datetime.now(datetime.timezone.utc)
            return self._issue_expired(request, certificate, extensions, now + datetime.timedelta(days=days))
        self._run(
            "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.folder / "ca.key", "-CAcreateserial",
            "-out", certificate, "-extfile", extensions, "-days", days)
        return certificate

    def key(self, name):
        return self.folder / f"{name}.key"

    def pair(self, name):
        """What `listen.tls` wants to know."""
        return {"certificate": str(self.folder / f"{name}.pem"), "private_key": str(self.key(name))}

    def _issue_expired(self, request, certificate, extensions, end):
        database = self.folder / "index.txt"
        database.touch()
        settings = self.folder / "ca.cnf"
        settings.write_text(
            f"[ca]\ndefault_ca=own\n[own]\ndatabase={database}\nnew_certs_dir={self.folder}\nrand_serial=yes\n"
            "default_md=sha256\npolicy=any\n[any]\ncommonName=supplied\n")
        start = end - datetime.timedelta(days=1)
        self._run(
            "ca", "-batch", "-config", settings, "-in", request, "-cert", self.certificate, "-keyfile",
            self.folder / "ca.key", "-out", certificate, "-extfile", extensions, "-notext",
            "-startdate", start.strftime("%y%m%d%H%M%SZ"), "-enddate", end.strftime("%y%m%d%H%M%SZ"))
        return certificate

    def _run(self, *arguments):
        result = openssl(*arguments)
        assert result.returncode == 0, result.stderr


def s_client(port, *arguments, text="", **options):
    """What `openssl s_client` tells and gets; its connection ends when the proxy ends it."""
    return openssl("s_client", "-connect", f"127.0.0.1:{port}", *arguments, input=text, **options)


def replace(path, by):
    """As a rotation does it: the new file takes the place of the old one in one step."""
    pathlib.Path(by).replace(path)
