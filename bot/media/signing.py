"""Signed provenance (C2PA): a manifest that states how a result was made, and reveals later changes.

It complements the XMP mark, which anybody could write: only the operator's key can sign. The manifest
contains nothing about the pictures that the result was made from.
"""

import asyncio
import io
import json
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from enum import StrEnum

import structlog
from PIL import Image

from bot import __version__
from bot.media.provenance import DIGITAL_SOURCE_TYPE
from bot.media.signing_keys import BadSigningKeys, SigningKeys

log = structlog.stdlib.get_logger(__name__)

SIGNABLE_TYPES = frozenset({"image/png", "image/jpeg", "image/webp", "video/mp4", "video/quicktime"})

# The size of a manifest differs by a few bytes between formats.
_MANIFEST_MARGIN = 2 * 1024
# A timestamp with the certificates of its server.
_TIMESTAMP_BYTES = 16 * 1024
# The member waits meanwhile. Only a timestamp server can take long.
_TIMEOUT = 20.0
_THREADS = 2

_AGENT = {"name": "Doppel", "version": __version__}
_MANIFEST = json.dumps(
    {
        "claim_generator_info": [_AGENT],
        "assertions": [
            {
                "label": "c2pa.actions.v2",
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "digitalSourceType": DIGITAL_SOURCE_TYPE,
                            "softwareAgent": _AGENT,
                        }
                    ]
                },
            }
        ],
    }
)
_SETTINGS = json.dumps(
    {
        # The only network request is for a timestamp, if the operator set a server for it.
        "verify": {"verify_after_sign": True, "remote_manifest_fetch": False, "ocsp_fetch": False},
        # A thumbnail of the result would be one more copy to delete.
        "builder": {"thumbnail": {"enabled": False}},
    }
)


class SigningOutcome(StrEnum):
    """Outcome of signing one result."""

    SIGNED = "signed"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"


class C2paSigner:
    """Signer of results. The constructor signs one pixel, so that wrong keys fail the start of the bot.

    A result that cannot be signed later is delivered without a signature, with its XMP mark, a warning in the
    log and a metric. The member has paid for it, Segmind keeps it for one hour only, and a missing signature
    claims nothing false: withholding it would lose results whenever a timestamp server is down or a
    certificate has expired.
    """

    def __init__(
        self,
        keys: SigningKeys,
        *,
        timestamp_url: str | None = None,
        timeout: float = _TIMEOUT,
        on_outcome: Callable[[SigningOutcome], None] = lambda _: None,
    ) -> None:
        self.holder = keys.holder
        self.valid_until = keys.valid_until
        self._timeout = timeout
        self._on_outcome = on_outcome
        self._writer = _ManifestWriter(keys, timestamp_url)
        pixel = _pixel()
        # Without a timestamp, so that the start of the bot does not depend on another server.
        signed = _ManifestWriter(keys, None).sign(pixel, "image/png")
        self.reserved_bytes = (
            len(signed) - len(pixel) + _MANIFEST_MARGIN + (_TIMESTAMP_BYTES if timestamp_url else 0)
        )
        """Upper limit of the bytes that a signature adds."""
        # A separate pool, as a timestamp server that hangs must not block the bot's other threads.
        self._threads = ThreadPoolExecutor(_THREADS, "signing")

    async def sign(self, content: bytes, media_type: str) -> bytes:
        """Return the content with a signed manifest, or unchanged if it cannot be signed."""
        if media_type not in SIGNABLE_TYPES:
            self._on_outcome(SigningOutcome.UNSUPPORTED)
            return content
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._timeout):
                signed = await loop.run_in_executor(self._threads, self._writer.sign, content, media_type)
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


class _ManifestWriter:
    """Wrapper of the signing library, which is an optional dependency."""

    def __init__(self, credentials: SigningKeys, timestamps: str | None) -> None:
        try:
            # The package is an extra. It has annotations but no marker for them.
            import c2pa  # noqa: PLC0415 # pyright: ignore[reportMissingTypeStubs]
        except ImportError:
            raise BadSigningKeys("the package c2pa is missing: `pip install 'doppel[c2pa]'`") from None
        except (OSError, RuntimeError) as error:
            raise BadSigningKeys(f"the package c2pa does not work on this machine: {error}") from None
        self._c2pa = c2pa
        with self._translate_errors():
            info = c2pa.C2paSignerInfo(credentials.algorithm, credentials.chain, credentials.key, timestamps)
            self._context = c2pa.Context(c2pa.Settings.from_json(_SETTINGS), c2pa.Signer.from_info(info))

    def sign(self, content: bytes, media_type: str) -> bytes:
        """Sign in the caller's thread; several threads may call this at once."""
        signed = io.BytesIO()
        with self._translate_errors(), self._c2pa.Builder.from_json(_MANIFEST, self._context) as manifest:
            manifest.sign(media_type, io.BytesIO(content), signed)
        return signed.getvalue()

    @contextmanager
    def _translate_errors(self) -> Generator[None]:
        try:
            yield
        except self._c2pa.C2paError as error:
            raise BadSigningKeys(" ".join(str(error).split())) from None


def _pixel() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (1, 1)).save(file, "PNG")
    return file.getvalue()
