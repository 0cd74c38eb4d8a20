"""Certificates and private key for signing results."""

from dataclasses import dataclass
from datetime import datetime


class BadSigningKeys(Exception):
    """The certificates or the key cannot sign. The message is for the operator and contains no secret."""


@dataclass(frozen=True, slots=True)
class SigningKeys:
    """Certificate chain and private key in PEM, with C2PA's name for the algorithm.

    The signer's own certificate comes first in the chain; `holder` is its subject.
    """

    chain: bytes
    key: bytes
    algorithm: str
    holder: str
    valid_until: datetime

    def __repr__(self) -> str:
        # The key must not get into logs.
        return f"SigningKeys(holder={self.holder!r}, valid_until={self.valid_until})"
