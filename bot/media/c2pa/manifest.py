"""Writes C2PA manifests with the signing library, an optional dependency, in the media worker."""

import io
import json
from collections.abc import Generator
from contextlib import contextmanager
from functools import lru_cache

from bot import __version__
from bot.media.c2pa.keys import BadSigningKeys, SigningKeys
from bot.media.marks.provenance import DIGITAL_SOURCE_TYPE

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


def sign(content: bytes, media_type: str, keys: SigningKeys, timestamps: str | None) -> bytes:
    """Return the content with a signed manifest; raises `BadSigningKeys`."""
    return _writer_with(keys, timestamps).sign(content, media_type)


@lru_cache(2)
def _writer_with(keys: SigningKeys, timestamps: str | None) -> "_ManifestWriter":
    return _ManifestWriter(keys, timestamps)


class _ManifestWriter:
    """Wrapper of the signing library."""

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
