"""Reads the certificates and the private key for signing results, and checks them at the start."""

from collections.abc import Mapping, Sequence
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

from bot.media.c2pa.keys import BadSigningKeys, SigningKeys

_PrivateKey = EllipticCurvePrivateKey | Ed25519PrivateKey | RSAPrivateKey
_CURVES: Mapping[type[EllipticCurve], str] = {SECP256R1: "es256", SECP384R1: "es384", SECP521R1: "es512"}
_MIN_RSA_BITS = 2048


def read_signing_keys(certificates: Path, key: Path, now: datetime) -> SigningKeys:
    """Read both files; raise `BadSigningKeys` unless they belong together and are valid now."""
    chain = _read_chain(certificates)
    private, algorithm = _read_key(key)
    own = chain[0]
    if own.public_key() != private.public_key():
        raise BadSigningKeys(f"{key} is not the key of the first certificate in {certificates}")
    for each in chain:
        _check_dates(each, certificates, now)
    _check_order(chain, certificates)
    return SigningKeys(
        b"".join(each.public_bytes(Encoding.PEM) for each in chain),
        # The signing library reads only this one of the forms that keys are stored in.
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        algorithm,
        _name(own),
        min(each.not_valid_after_utc for each in chain),
    )


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadSigningKeys(f"{path} cannot be read: {error.strerror}") from None


def _read_chain(path: Path) -> Sequence[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_read(path))
    except ValueError:
        raise BadSigningKeys(f"{path} holds no certificates in PEM") from None


def _read_key(path: Path) -> tuple[_PrivateKey, str]:
    """Read the key, and name its algorithm as C2PA does."""
    try:
        key = load_pem_private_key(_read(path), password=None)
    except TypeError:
        raise BadSigningKeys(f"{path} is encrypted with a passphrase: save the key without one") from None
    except (ValueError, UnsupportedAlgorithm):
        raise BadSigningKeys(f"{path} holds no private key in PEM") from None
    match key:
        case EllipticCurvePrivateKey() if type(key.curve) in _CURVES:
            return key, _CURVES[type(key.curve)]
        case Ed25519PrivateKey():
            return key, "ed25519"
        case RSAPrivateKey() if key.key_size >= _MIN_RSA_BITS:
            return key, "ps256"
        case _:
            kinds = "P-256, P-384, P-521, Ed25519, and RSA of 2048 bits or more"
            raise BadSigningKeys(f"{path} is a key that C2PA does not accept: it accepts {kinds}")


def _check_dates(certificate: x509.Certificate, path: Path, now: datetime) -> None:
    subject = f"the certificate of {_name(certificate)} in {path}"
    if now >= certificate.not_valid_after_utc:
        raise BadSigningKeys(f"{subject} was valid until {certificate.not_valid_after_utc:%Y-%m-%d}")
    if now < certificate.not_valid_before_utc:
        raise BadSigningKeys(f"{subject} is not valid before {certificate.not_valid_before_utc:%Y-%m-%d}")


def _check_order(chain: Sequence[x509.Certificate], path: Path) -> None:
    for each, issuer in pairwise(chain):
        try:
            each.verify_directly_issued_by(issuer)
        except (ValueError, TypeError, InvalidSignature):
            raise BadSigningKeys(
                f"{path} is not a chain: the issuer's certificate must follow the one of {_name(each)}"
            ) from None


def _name(certificate: x509.Certificate) -> str:
    for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME):
        for attribute in certificate.subject.get_attributes_for_oid(oid):
            return str(attribute.value)
    return "an unnamed holder"
