"""One throw-away certificate for all that terminate TLS: ECDSA with P-256, signed by itself."""

import datetime
import ipaddress
import pathlib


class Certificate:
    """Files in `folder`: `certificate`, `key`, and `both` in one, for HAProxy."""

    def __init__(self, folder):
        # Comes with joserfc.
        from cryptography import x509
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import ec
        from cryptography.x509.oid import NameOID

        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        now = datetime.datetime.now(datetime.timezone.utc)
        certificate = (
            x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=30))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False)
            .sign(key, hashes.SHA256()))
        encoding = serialization.Encoding.PEM
        private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        folder = pathlib.Path(folder)
        self.certificate, self.key, self.both = (folder / f"tls.{part}" for part in ("pem", "key", "both.pem"))
        self.certificate.write_bytes(certificate.public_bytes(encoding))
        self.key.write_bytes(private)
        self.both.write_bytes(certificate.public_bytes(encoding) + private)
