"""Throw-away certificates, made by cryptography."""

import datetime
import ipaddress
import pathlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from support import processes

USES = {"server": ExtendedKeyUsageOID.SERVER_AUTH, "client": ExtendedKeyUsageOID.CLIENT_AUTH}


@dataclass(frozen=True)
class Issued:
    """Files: a certificate, its private key, and both in one."""

    certificate: pathlib.Path
    private_key: pathlib.Path
    both: pathlib.Path

    def pair(self):
        """What the configuration wants to know."""
        return {"certificate": str(self.certificate), "private_key": str(self.private_key)}

    def replace(self, name, by):
        """Puts that file of another one in the place of ours, in one step, as a rotation does it."""
        getattr(by, name).replace(getattr(self, name))


class Authority:
    """A certification authority whose certificate is the file `certificate`."""

    def __init__(self, name="Test CA"):
        self.folder = processes.new_folder("ca")
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = common_name(name)
        key_usage = x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False)
        certificate = (
            self._builder(self._name, self._name, self._key, -1, 7)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(key_usage, critical=True)
            .sign(self._key, hashes.SHA256()))
        self.certificate = self.folder / "ca.pem"
        self.certificate.write_bytes(pem(certificate))

    def issue(self, *names, use="server", begins=-1, ends=7, self_signed=False, key="P-256"):
        """A certificate that is good from so many days on until so many days; without names, for this machine."""
        names = names or ("localhost", "127.0.0.1")
        private = rsa.generate_private_key(65537, 2048) if key == "RSA" else ec.generate_private_key(ec.SECP256R1())
        subject = common_name(names[0])
        alternatives = x509.SubjectAlternativeName([alternative(name) for name in names])
        certificate = (
            self._builder(subject, subject if self_signed else self._name, private, begins, ends)
            .add_extension(alternatives, critical=False)
            .add_extension(x509.ExtendedKeyUsage([USES[use]]), critical=False)
            .sign(private if self_signed else self._key, hashes.SHA256()))
        secret = private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        path = self.folder / str(certificate.serial_number)
        issued = Issued(path.with_suffix(".pem"), path.with_suffix(".key"), path.with_suffix(".both"))
        issued.certificate.write_bytes(pem(certificate))
        for file, content in [(issued.private_key, secret), (issued.both, pem(certificate) + secret)]:
            file.touch(mode=0o600)
            file.write_bytes(content)
        return issued

    @staticmethod
    def _builder(subject, issuer, key, begins, ends):
        now = datetime.datetime.now(datetime.timezone.utc)
        return (
            x509.CertificateBuilder().subject_name(subject).issuer_name(issuer)
            .public_key(key.public_key()).serial_number(x509.random_serial_number())
            .not_valid_before(now + datetime.timedelta(days=begins))
            .not_valid_after(now + datetime.timedelta(days=ends))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False))


def common_name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def alternative(name):
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def pem(certificate):
    return certificate.public_bytes(serialization.Encoding.PEM)
