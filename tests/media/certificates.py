"""Certificate authority for the tests, and the certificates that it issues for signing results."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

PrivateKey = EllipticCurvePrivateKey | Ed25519PrivateKey | RSAPrivateKey
HOLDER = "Doppel of the tests"
DAY = timedelta(days=1)


def curve_key() -> EllipticCurvePrivateKey:
    return generate_private_key(SECP256R1())


@dataclass(frozen=True)
class Credentials:
    """Certificate chain, the signer's own certificate first, and its private key."""

    certificates: tuple[x509.Certificate, ...]
    key: PrivateKey

    @property
    def anchor(self) -> str:
        """Root certificate to trust, in PEM."""
        return self.certificates[-1].public_bytes(Encoding.PEM).decode()

    @property
    def until(self) -> datetime:
        return self.certificates[0].not_valid_after_utc

    def write(
        self,
        folder: Path,
        *,
        form: PrivateFormat = PrivateFormat.PKCS8,
        passphrase: bytes | None = None,
    ) -> tuple[Path, Path]:
        """Write chain and key to two files, as an operator has them."""
        chain, key = folder / "chain.pem", folder / "key.pem"
        chain.write_bytes(b"".join(each.public_bytes(Encoding.PEM) for each in self.certificates))
        lock = BestAvailableEncryption(passphrase) if passphrase else NoEncryption()
        key.write_bytes(self.key.private_bytes(Encoding.PEM, form, lock))
        return chain, key


def issue(
    key: PrivateKey | None = None,
    *,
    begin: timedelta = -DAY,
    end: timedelta = 365 * DAY,
    purpose: ObjectIdentifier = ExtendedKeyUsageOID.EMAIL_PROTECTION,
) -> Credentials:
    """Issue a certificate that is valid from `begin` to `end`, relative to now."""
    key, root_key = key or curve_key(), curve_key()
    root_name, own_name = _name("Authority of the tests"), _name(HOLDER)
    root = (
        _certificate(root_name, root_name, root_key.public_key(), -DAY, 3650 * DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=True), critical=True)
        .sign(root_key, hashes.SHA256())
    )
    own = (
        _certificate(own_name, root_name, key.public_key(), begin, end)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs_certificates=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key()), critical=False
        )
        .sign(root_key, hashes.SHA256())
    )
    return Credentials((own, root), key)


def _name(common: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, common),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Tests"),
        ]
    )


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    key: CertificatePublicKeyTypes,
    begin: timedelta,
    end: timedelta,
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + begin)
        .not_valid_after(now + end)
    )


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
