"""Sealing: encrypted with the operator's key, and bound to its owner."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.faces.face import UnreadableFace

_OWNER_BYTES = 8


class FaceCipher:
    """The first key closes; each of them opens, so that a new one can be put in front of the old ones."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Keys are 32 bytes in base64, in either of its alphabets."""
        self._keys = MultiFernet([Fernet(_urlsafe(key)) for key in keys])

    def encrypt(self, owner: int, content: bytes) -> bytes:
        # A row that was moved to another member, by whatever way, must not open there.
        return self._keys.encrypt(_named(owner) + content)

    def decrypt(self, owner: int, sealed: bytes) -> bytes:
        try:
            content = self._keys.decrypt(sealed)
        except InvalidToken:
            raise UnreadableFace from None
        if content[:_OWNER_BYTES] != _named(owner):
            raise UnreadableFace
        return content[_OWNER_BYTES:]


def _named(owner: int) -> bytes:
    return owner.to_bytes(_OWNER_BYTES, "big")


def _urlsafe(key: str) -> bytes:
    return urlsafe_b64encode(b64decode(key.translate(str.maketrans("-_", "+/")), validate=True))
