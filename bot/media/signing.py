"""Signed provenance (C2PA): a manifest that states how a result was made, and reveals later changes.

It complements the XMP mark, which anybody could write: only the operator's key can sign. The manifest
contains nothing about the pictures that the result was made from.
"""

from base64 import b64decode
from collections.abc import Callable
from enum import StrEnum
from typing import Self

import structlog

from bot.media import operations
from bot.media.c2pa.keys import BadSigningKeys, SigningKeys
from bot.media.worker.process import MediaWorker

log = structlog.stdlib.get_logger(__name__)

SIGNABLE_TYPES = frozenset({"image/png", "image/jpeg", "image/webp", "video/mp4", "video/quicktime"})

# The size of a manifest differs by a few bytes between formats.
_MANIFEST_MARGIN = 2 * 1024
# A timestamp with the certificates of its server.
_TIMESTAMP_BYTES = 16 * 1024
# One white pixel.
_PIXEL = b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4//8/AAX+Av4N70a4AAAAAElFTkSuQmCC"
)


class SigningOutcome(StrEnum):
    """Outcome of signing one result."""

    SIGNED = "signed"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"


class C2paSigner:
    """Signer of results.

    A result that cannot be signed is delivered without a signature, with its XMP mark, a warning in the log
    and a metric. The member has paid for it, Segmind keeps it for one hour only, and a missing signature
    claims nothing false: withholding it would lose results whenever a timestamp server is down or a
    certificate has expired.
    """

    def __init__(
        self,
        worker: MediaWorker,
        keys: SigningKeys,
        reserved_bytes: int,
        *,
        timestamp_url: str | None = None,
        on_outcome: Callable[[SigningOutcome], None] = lambda _: None,
    ) -> None:
        self.holder = keys.holder
        self.valid_until = keys.valid_until
        self._worker = worker
        self._keys = keys
        self._timestamp_url = timestamp_url
        self._on_outcome = on_outcome
        self.reserved_bytes = reserved_bytes
        """Upper limit of the bytes that a signature adds."""

    @classmethod
    async def create(
        cls,
        worker: MediaWorker,
        keys: SigningKeys,
        *,
        timestamp_url: str | None = None,
        on_outcome: Callable[[SigningOutcome], None] = lambda _: None,
    ) -> Self:
        """Sign one pixel, so that wrong keys fail the start of the bot; raises `BadSigningKeys`."""
        # Without a timestamp, so that the start of the bot does not depend on another server.
        signed = await worker.run(operations.sign, _PIXEL, "image/png", keys, None)
        reserved = len(signed) - len(_PIXEL) + _MANIFEST_MARGIN + (_TIMESTAMP_BYTES if timestamp_url else 0)
        return cls(worker, keys, reserved, timestamp_url=timestamp_url, on_outcome=on_outcome)

    async def sign(self, content: bytes, media_type: str) -> bytes:
        """Return the content with a signed manifest, or unchanged if it cannot be signed."""
        if media_type not in SIGNABLE_TYPES:
            self._on_outcome(SigningOutcome.UNSUPPORTED)
            return content
        try:
            signed = await self._worker.run(
                operations.sign, content, media_type, self._keys, self._timestamp_url
            )
        except BadSigningKeys as error:
            return self._unsigned(content, str(error))
        except Exception as error:  # noqa: BLE001 - no failure to sign may lose a member's result
            return self._unsigned(content, type(error).__name__)
        if len(signed) > len(content) + self.reserved_bytes:
            return self._unsigned(content, "the signature is too large")
        self._on_outcome(SigningOutcome.SIGNED)
        return signed

    def _unsigned(self, content: bytes, reason: str) -> bytes:
        log.warning("result not signed", error=reason)
        self._on_outcome(SigningOutcome.FAILED)
        return content
