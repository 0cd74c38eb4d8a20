"""Encryption of saved faces with the operator's keys, bound to the owner."""

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet

from bot.faces.face import UnreadableFace

_OWNER_BYTES = 8


class FaceCipher:
    """Encrypts with the first key and decrypts with any, so that the operator can rotate keys."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Take keys of 32 bytes in base64, of the standard or the URL-safe alphabet."""
        self._keys = MultiFernet([Fernet(_to_urlsafe(key)) for key in keys])

    def encrypt(self, owner: int, content: bytes) -> bytes:
        # The owner's id inside keeps a row that was moved to another member from opening there.
        return self._keys.encrypt(_owner_prefix(owner) + content)

    def decrypt(self, owner: int, sealed: bytes) -> bytes:
        try:
            content = self._keys.decrypt(sealed)
        except InvalidToken:
            raise UnreadableFace from None
        if content[:_OWNER_BYTES] != _owner_prefix(owner):
            raise UnreadableFace
        return content[_OWNER_BYTES:]


def _owner_prefix(owner: int) -> bytes:
    return owner.to_bytes(_OWNER_BYTES, "big")


def _to_urlsafe(key: str) -> bytes:
    return urlsafe_b64encode(b64decode(key.translate(str.maketrans("-_", "+/")), validate=True))
