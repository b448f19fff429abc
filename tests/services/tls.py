"""Makes certificates for the tests: an authority, and what it issues. Nothing is checked in, nothing expires in a year.

Elliptic curves rather than RSA because a key is made in a millisecond.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = timedelta(days=2)


@dataclass(frozen=True)
class Certificate:
    """The files of one certificate, all PEM: itself, its private key (PKCS#8), and the two in one file, key first."""

    certificate: Path
    key: Path
    both: Path


class Authority:
    """A certificate authority of the tests; two of them do not trust each other."""

    def __init__(self, folder: Path, name: str = "Streamgauge tests") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._name = _name(name)
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.certificate = folder / "ca.pem"
        self.certificate.write_bytes(_pem(self._own_certificate()))

    def issue(
        self, common_name: str, *, hosts: Sequence[str] = (), elsewhere: bool = False, expired: bool = False
    ) -> Certificate:
        """A certificate for a server or a client.

        Args:
            common_name: who it is; names the files as well.
            hosts: the names it answers for; with any, 127.0.0.1 is one of them.
            elsewhere: 127.0.0.1 is none of them.
            expired: it was good until an hour ago.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._builder(_name(common_name), key.public_key(), expired=expired).add_extension(
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False
        )
        if hosts:
            addresses = [] if elsewhere else [x509.IPAddress(IPv4Address("127.0.0.1"))]
            names = [*(x509.DNSName(host) for host in hosts), *addresses]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        issued = Certificate(*(self._folder / f"{common_name}{end}" for end in (".pem", ".key", ".both.pem")))
        certificate = _pem(builder.sign(self._key, hashes.SHA256()))
        private = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        issued.certificate.write_bytes(certificate)
        issued.key.write_bytes(private)
        issued.both.write_bytes(private + certificate)
        return issued

    def _own_certificate(self) -> x509.Certificate:
        usage = x509.KeyUsage(
            key_cert_sign=True,
            crl_sign=True,
            digital_signature=False,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        return (
            self._builder(self._name, self._key.public_key())
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(usage, critical=True)
            .sign(self._key, hashes.SHA256())
        )

    def _builder(
        self, subject: x509.Name, key: ec.EllipticCurvePublicKey, *, expired: bool = False
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        since = now - LIFETIME if expired else now - timedelta(minutes=5)
        until = now - timedelta(hours=1) if expired else now + LIFETIME
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(since)
            .not_valid_after(until)
            # Python 3.13 and newer refuse a certificate without these two, and an authority without a key usage.
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _pem(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(serialization.Encoding.PEM)
