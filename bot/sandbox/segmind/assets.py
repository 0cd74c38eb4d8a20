"""Files that the server hosts: uploads and results, limited in number, size and age."""

import base64
import binascii
import re
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit

from bot.sandbox.segmind.errors import ApiError

WEEK = 7 * 24 * 3600.0
MAX_NAME = 100
_MEDIA_TYPE = re.compile(r"(image|video|audio)/[a-z0-9.+-]{1,80}")


@dataclass(frozen=True, slots=True)
class Asset:
    """A hosted file."""

    content: bytes = field(repr=False)
    media_type: str
    stored_at: float


class Assets:
    """Hosted files in memory. When a limit is reached, the oldest file goes first."""

    def __init__(self, folder: str, *, max_count: int, max_bytes: int, max_age: float = WEEK) -> None:
        self._folder = folder
        self._max_count = max_count
        self._max_bytes = max_bytes
        self._max_age = max_age
        self._bytes = 0
        self._by_token: dict[str, Asset] = {}

    def __len__(self) -> int:
        return len(self._by_token)

    def __iter__(self) -> Iterator[tuple[str, Asset]]:
        """Iterate over the tokens and files, oldest first."""
        return iter(self._by_token.items())

    def add(self, token: str, asset: Asset) -> None:
        self._by_token[token] = asset
        self._bytes += len(asset.content)

    def put(self, content: bytes, media_type: str, *, name: str, now: float) -> str:
        """Store a file and return its path, which ends in the name and cannot be guessed."""
        token = secrets.token_hex(16)
        self.add(token, Asset(content, media_type, now))
        self._evict(now)
        return f"/{self._folder}/{token}/{quote(name, safe='')}"

    def get(self, token: str, now: float) -> Asset | None:
        asset = self._by_token.get(token)
        return asset if asset is not None and now - asset.stored_at < self._max_age else None

    def remove(self, token: str) -> None:
        if (asset := self._by_token.pop(token, None)) is not None:
            self._bytes -= len(asset.content)

    def find(self, address: str, now: float) -> Asset | None:
        """Return the asset at an address of any host: containers know the server by several names."""
        match urlsplit(address).path.split("/"):
            case ["", self._folder, token, _]:
                return self.get(token, now)
            case _:
                return None

    def _evict(self, now: float) -> None:
        while self._by_token:
            token, oldest = next(iter(self._by_token.items()))
            full = len(self._by_token) > self._max_count or self._bytes > self._max_bytes
            if not full and now - oldest.stored_at < self._max_age:
                return
            self.remove(token)


@dataclass(frozen=True, slots=True)
class DataUrl:
    """A decoded data URL."""

    content: bytes = field(repr=False)
    media_type: str
    name: str


def parse_data_url(text: str) -> DataUrl:
    """Parse `data:image/png;name=cat.png;base64,…`; the name is an addition of this server."""
    header, comma, payload = text.partition(",")
    media_type, *parameters = header[len("data:") :].split(";")
    if header[:5].lower() != "data:" or not comma:
        raise ApiError(400, "this is not a data URL")
    if not _MEDIA_TYPE.fullmatch(media_type.lower()):
        raise ApiError(400, "a data URL must hold a picture, a video or sound")
    if parameters and parameters[-1].lower() == "base64":
        try:
            content = base64.b64decode(payload, validate=True)
        except (binascii.Error, ValueError):
            raise ApiError(400, "the data URL is not valid base64") from None
    else:
        content = unquote_to_bytes(payload)
    if not content:
        raise ApiError(400, "the data URL is empty")
    name = _name_parameter(parameters) or f"asset.{media_type.rpartition('/')[2]}"
    return DataUrl(content, media_type.lower(), name)


def file_name(address: str) -> str:
    """Return the decoded last segment of a URL's path, or the name inside a data URL."""
    if address[:5].lower() == "data:":
        return _name_parameter(address.partition(",")[0].split(";")[1:])
    return unquote(urlsplit(address).path.rpartition("/")[2])


def _name_parameter(parameters: list[str]) -> str:
    named = (each[len("name=") :] for each in parameters if each.startswith("name="))
    return re.split(r"[/\\]", unquote(next(named, "")))[-1][-MAX_NAME:]
