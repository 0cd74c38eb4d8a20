"""The certificates and the key that results are signed with: read, and checked before anything is signed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurve,
    EllipticCurvePrivateKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

_PrivateKey = EllipticCurvePrivateKey | Ed25519PrivateKey | RSAPrivateKey
_CURVES: Mapping[type[EllipticCurve], str] = {SECP256R1: "es256", SECP384R1: "es384", SECP521R1: "es512"}
_LEAST_RSA_BITS = 2048


class BadSigningKeys(Exception):
    """Nothing can be signed with these; the message is half a sentence for the operator, without a secret."""


@dataclass(frozen=True, slots=True)
class SigningKeys:
    chain: bytes
    """PEM, the signer's own certificate first."""
    key: bytes
    algorithm: str
    """As C2PA names it."""
    holder: str
    until: datetime

    def __repr__(self) -> str:
        # The key must not be found in logs.
        return f"Credentials(holder={self.holder!r}, until={self.until})"


def read_signing_keys(certificates: Path, key: Path, now: datetime) -> SigningKeys:
    """Raise `BadSigningKeys` unless the two fit each other and are valid at this moment."""
    chain = _chain(certificates)
    private, algorithm = _key(key)
    own = chain[0]
    if own.public_key() != private.public_key():
        raise BadSigningKeys(f"{key} is not the key of the first certificate in {certificates}")
    for each in chain:
        _check_dates(each, certificates, now)
    _check_order(chain, certificates)
    return SigningKeys(
        b"".join(each.public_bytes(Encoding.PEM) for each in chain),
        # Keys are stored in several forms, of which the signing library reads this one.
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        algorithm,
        _name(own),
        min(each.not_valid_after_utc for each in chain),
    )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadSigningKeys(f"{path} cannot be read: {error.strerror}") from None


def _chain(path: Path) -> Sequence[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_content(path))
    except ValueError:
        raise BadSigningKeys(f"{path} holds no certificates in PEM") from None


def _key(path: Path) -> tuple[_PrivateKey, str]:
    """With the name that C2PA has for what it signs by."""
    try:
        key = load_pem_private_key(_content(path), password=None)
    except TypeError:
        raise BadSigningKeys(f"{path} is locked with a passphrase: write the key without one") from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadSigningKeys(f"{path} holds no private key in PEM") from None
    match key:
        case EllipticCurvePrivateKey() if type(key.curve) in _CURVES:
            return key, _CURVES[type(key.curve)]
        case Ed25519PrivateKey():
            return key, "ed25519"
        case RSAPrivateKey() if key.key_size >= _LEAST_RSA_BITS:
            return key, "ps256"
        case _:
            kinds = "P-256, P-384, P-521, Ed25519, and RSA of 2048 bits or more"
            raise BadSigningKeys(f"{path} is a key that C2PA does not take: it takes {kinds}")


def _check_dates(certificate: x509.Certificate, path: Path, now: datetime) -> None:
    whose = f"the certificate of {_name(certificate)} in {path}"
    if now >= certificate.not_valid_after_utc:
        raise BadSigningKeys(f"{whose} was valid until {certificate.not_valid_after_utc:%Y-%m-%d}")
    if now < certificate.not_valid_before_utc:
        raise BadSigningKeys(f"{whose} is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}")


def _check_order(chain: Sequence[x509.Certificate], path: Path) -> None:
    for each, issuer in pairwise(chain):
        try:
            each.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            raise BadSigningKeys(
                f"the certificates in {path} are no chain: next to that of {_name(each)} belongs its issuer's"
            ) from None


def _name(certificate: x509.Certificate) -> str:
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in certificate.subject.get_attributes_for_oid(oid):
            return str(attribute.value)
    return "nobody by name"
