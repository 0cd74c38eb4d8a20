"""Signed provenance (C2PA): a manifest that says how a result came about, and whether it was changed since.

It stands next to the XMP mark, which anybody could write: only the operator's key can sign. It holds no
picture but the result, and nothing of what the result was made from.
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

TYPES = frozenset({"image/png", "image/jpeg", "image/webp", "video/mp4", "video/quicktime"})

# Manifests differ by a few bytes from one format to the other.
_LEEWAY = 2 * 1024
# What the answer of a timestamp server takes, its certificates included.
_TIMESTAMP = 16 * 1024
# A member waits meanwhile; only a timestamp server can take long.
_PATIENCE = 20.0
_AT_ONCE = 2

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
        # Nothing is asked of the network but the time, and of that only where it is wished.
        "verify": {"verify_after_sign": True, "remote_manifest_fetch": False, "ocsp_fetch": False},
        # A smaller picture of the result would be one more copy to delete.
        "builder": {"thumbnail": {"enabled": False}},
    }
)


class Signing(StrEnum):
    """What became of a result that should be signed."""

    SIGNED = "signed"
    FAILED = "failed"
    UNSUPPORTED = "unsupported"


class C2paSigner:
    """Signs results. Its making signs one pixel, so that whatever is wrong is known at the start.

    A result that cannot be signed later on goes out without a signature, and with its XMP mark, a warning in
    the log and a count: its member has paid for it, Segmind keeps it for one hour, and no false claim is made
    by leaving one out. Withholding it would only turn a server that is away, or a certificate that ended
    overnight, into results that are lost.
    """

    def __init__(
        self,
        credentials: SigningKeys,
        *,
        timestamps: str | None = None,
        patience: float = _PATIENCE,
        heard: Callable[[Signing], None] = lambda _: None,
    ) -> None:
        self.holder = credentials.holder
        self.until = credentials.until
        self._patience = patience
        self._heard = heard
        self._pen = _ManifestWriter(credentials, timestamps)
        pixel = _pixel()
        # Without a timestamp: a start does not wait for somebody else's server.
        signed = _ManifestWriter(credentials, None).signed(pixel, "image/png")
        self.room = len(signed) - len(pixel) + _LEEWAY + (_TIMESTAMP if timestamps else 0)
        """The bytes that a signature takes at most."""
        # Of its own: a timestamp server that hangs must not keep the bot's other threads.
        self._threads = ThreadPoolExecutor(_AT_ONCE, "signing")

    async def sign(self, content: bytes, media_type: str) -> bytes:
        """The same with a manifest, or as it is where that cannot be."""
        if media_type not in TYPES:
            self._heard(Signing.UNSUPPORTED)
            return content
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._patience):
                signed = await loop.run_in_executor(self._threads, self._pen.signed, content, media_type)
        except BadSigningKeys as error:
            return self._unsigned(content, str(error))
        except Exception as error:  # noqa: BLE001 - nothing about a signature may keep a result from its member
            return self._unsigned(content, type(error).__name__)
        if len(signed) > len(content) + self.room:
            return self._unsigned(content, "there is no room for it")
        self._heard(Signing.SIGNED)
        return signed

    def _unsigned(self, content: bytes, why: str) -> bytes:
        log.warning("a result goes out without a signature", error=why)
        self._heard(Signing.FAILED)
        return content


class _ManifestWriter:
    """The signing library, which is known here alone."""

    def __init__(self, credentials: SigningKeys, timestamps: str | None) -> None:
        try:
            # It comes with an extra, and brings annotations but no stubs.
            import c2pa  # noqa: PLC0415 # pyright: ignore[reportMissingTypeStubs]
        except ImportError:
            raise BadSigningKeys("the package for it is missing: `pip install 'doppel[c2pa]'`") from None
        except (OSError, RuntimeError) as error:
            raise BadSigningKeys(f"the package for it does not work here: {error}") from None
        self._c2pa = c2pa
        with self._worded():
            info = c2pa.C2paSignerInfo(credentials.algorithm, credentials.chain, credentials.key, timestamps)
            self._context = c2pa.Context(c2pa.Settings.from_json(_SETTINGS), c2pa.Signer.from_info(info))

    def signed(self, content: bytes, media_type: str) -> bytes:
        """In the thread of the caller; may be called by several at once."""
        signed = io.BytesIO()
        with self._worded(), self._c2pa.Builder.from_json(_MANIFEST, self._context) as manifest:
            manifest.sign(media_type, io.BytesIO(content), signed)
        return signed.getvalue()

    @contextmanager
    def _worded(self) -> Generator[None]:
        try:
            yield
        except self._c2pa.C2paError as error:
            raise BadSigningKeys(" ".join(str(error).split())) from None


def _pixel() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (1, 1)).save(file, "PNG")
    return file.getvalue()
