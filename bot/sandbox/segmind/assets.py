"""Bytes that the server hosts: what was uploaded and what was made, within bounds of number, size and age."""

import base64
import binascii
import re
import secrets
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit

from bot.sandbox.segmind.errors import Refusal

WEEK = 7 * 24 * 3600.0
MAX_NAME = 100
_HOSTED = re.compile(r"(image|video|audio)/[a-z0-9.+-]{1,80}")


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes = field(repr=False)
    media_type: str
    stored_at: float


class Assets:
    """The oldest go first, whatever bound is reached."""

    def __init__(self, folder: str, *, most: int, most_bytes: int, age: float = WEEK) -> None:
        self._folder = folder
        self._most = most
        self._most_bytes = most_bytes
        self._age = age
        self._bytes = 0
        self._by_token: dict[str, Asset] = {}

    def __len__(self) -> int:
        return len(self._by_token)

    def put(self, content: bytes, media_type: str, *, name: str, now: float) -> str:
        """Host the bytes; returns their path, which nobody can guess and which ends in the name."""
        token = secrets.token_hex(16)
        self._by_token[token] = Asset(content, media_type, now)
        self._bytes += len(content)
        self._tidy(now)
        return f"/{self._folder}/{token}/{quote(name, safe='')}"

    def get(self, token: str, now: float) -> Asset | None:
        asset = self._by_token.get(token)
        return asset if asset is not None and now - asset.stored_at < self._age else None

    def behind(self, address: str, now: float) -> Asset | None:
        """The asset that an address leads to.

        The token decides, not the host: the same server has several names where containers are in play.
        """
        match urlsplit(address).path.split("/"):
            case ["", self._folder, token, _]:
                return self.get(token, now)
            case _:
                return None

    def _tidy(self, now: float) -> None:
        while self._by_token:
            token, oldest = next(iter(self._by_token.items()))
            full = len(self._by_token) > self._most or self._bytes > self._most_bytes
            if not full and now - oldest.stored_at < self._age:
                return
            del self._by_token[token]
            self._bytes -= len(oldest.content)


@dataclass(frozen=True, slots=True)
class DataUrl:
    content: bytes = field(repr=False)
    media_type: str
    name: str


def read_data_url(text: str) -> DataUrl:
    """`data:image/png;name=cat.png;base64,…`; the name is this server's own addition."""
    header, comma, payload = text.partition(",")
    media_type, *parameters = header[len("data:") :].split(";")
    if header[:5].lower() != "data:" or not comma:
        raise Refusal(400, "this is no data URL")
    if not _HOSTED.fullmatch(media_type.lower()):
        raise Refusal(400, "a data URL must hold a picture, a video or sound")
    if parameters and parameters[-1].lower() == "base64":
        try:
            content = base64.b64decode(payload, validate=True)
        except (binascii.Error, ValueError):
            raise Refusal(400, "the data URL is not valid base64") from None
    else:
        content = unquote_to_bytes(payload)
    if not content:
        raise Refusal(400, "the data URL is empty")
    name = _name(parameters) or f"asset.{media_type.rpartition('/')[2]}"
    return DataUrl(content, media_type.lower(), name)


def file_name(address: str) -> str:
    """The last segment of an address's path, decoded; of a data URL the name that it carries."""
    if address[:5].lower() == "data:":
        return _name(address.partition(",")[0].split(";")[1:])
    return unquote(urlsplit(address).path.rpartition("/")[2])


def _name(parameters: list[str]) -> str:
    named = (each[len("name=") :] for each in parameters if each.startswith("name="))
    return re.split(r"[/\\]", unquote(next(named, "")))[-1][-MAX_NAME:]
