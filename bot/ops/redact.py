"""Removes secrets from log records: known ones by value, others by their shape."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

MARK = "[redacted]"

# Replacing a shorter secret would blank out ordinary words; a password in a URL is found by its position.
MIN_LENGTH = 8
# A deeper structure may contain itself, so it is redacted as text.
MAX_DEPTH = 8

_KEY_NAMES = re.compile(
    r"(?:.*[_-])?(?:token|password|passwd|secret|api[_-]?key|authorization|cookie)", re.IGNORECASE
)

# Every repetition is bounded or cannot overlap with what follows it, so that a long line stays cheap.
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(r"data:[\w.+-]{1,64}/[\w.+-]{1,64}(?:;[\w.+=-]{1,64}){0,8},[^\s\"'<>\\]*", re.IGNORECASE),
        MARK,
    ),
    (re.compile(r"(/(?:webhooks|interactions)/\d{1,20}/)[^/\s?\"'<>\\]+"), rf"\1{MARK}"),
    (
        re.compile(
            r"([?&])(?:ex|is|hm|doppel)=[^&\s\"'<>\\]*(?:&(?:ex|is|hm|doppel)=[^&\s\"'<>\\]*)*(?:&(?!\w))?",
            re.IGNORECASE,
        ),
        rf"\1{MARK}",
    ),
    (re.compile(r"(://[^/\s:@]{0,64}:)[^/\s@]{1,256}(?=@)"), rf"\1{MARK}"),
    (
        re.compile(
            r"((?:x-api-key|authorization)(?:['\"]\s{0,4},|['\"]?\s{0,4}[:=])\s{0,4}(?:b?['\"])?)"
            r"(?:(?:Bot|Bearer|Basic)\s{1,4})?(?:\[redacted\]|[^\s'\",;)}\[\]\\]+)",
            re.IGNORECASE,
        ),
        rf"\1{MARK}",
    ),
    (
        re.compile(
            r"((['\"])(?:\w{0,32}_)?(?:token|password|secret|api_key)\2\s{0,4}[:,]\s{0,4}b?(['\"])).*?(?=\3)"
        ),
        rf"\1{MARK}",
    ),
    # Discord's own tokens: a bot's, an account's, an interaction's ("interaction:" in base64).
    (re.compile(r"[\w-]{23,28}\.[\w-]{6,7}\.[\w-]{27,}|mfa\.[\w-]{20,}|aW50ZXJhY3Rpb246[\w=-]*"), MARK),
)


class Redactor:
    """Replaces secrets in text and in structures of plain data."""

    def __init__(self, secrets: Sequence[SecretStr] = ()) -> None:
        values = [secret.get_secret_value() for secret in secrets]
        known = {form for value in values if len(value) >= MIN_LENGTH for form in _spellings(value)}
        # The longest first: replacing a part of a longer secret would leave the rest of it.
        longest_first = sorted(known, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if known else None

    def text(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(MARK, text)
        for shape, replacement in _SHAPES:
            text = shape.sub(replacement, text)
        return text

    def value(self, value: Any, depth: int = 0) -> Any:
        """Return the value without secrets. Anything but plain data becomes text, as in a log."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes | bytearray):
            return f"<{len(value)} bytes>"
        if depth < MAX_DEPTH and isinstance(value, Mapping):
            return self.mapping(value, depth + 1)  # pyright: ignore[reportUnknownArgumentType]
        if depth < MAX_DEPTH and isinstance(value, list | tuple | AbstractSet):
            return self._items(value, depth + 1)  # pyright: ignore[reportUnknownArgumentType]
        return self.text(_repr(value))

    def mapping(self, value: Mapping[Any, Any], depth: int = 0) -> dict[str, Any]:
        return {
            self.text(key if isinstance(key, str) else _repr(key)): (
                MARK
                if isinstance(key, str) and _KEY_NAMES.fullmatch(key) and item
                else self.value(item, depth)
            )
            for key, item in value.items()
        }

    def _items(self, value: Iterable[Any], depth: int) -> list[Any]:
        match list(value):
            # HTTP headers are often pairs.
            case [str(key), _] if _KEY_NAMES.fullmatch(key):
                return [key, MARK]
            case items:
                return [self.value(item, depth) for item in items]


def _spellings(secret: str) -> set[str]:
    """The secret itself, and its spellings inside a repr, JSON or a URL."""
    return {
        secret,
        repr(secret)[1:-1],
        repr(secret.encode("utf-8", "surrogatepass"))[2:-1],
        json.dumps(secret)[1:-1],
        quote(secret, safe="", errors="replace"),
        quote_plus(secret, errors="replace"),
    }


def _repr(value: object) -> str:
    try:
        return repr(value)
    except Exception:  # noqa: BLE001 - a broken repr must not lose the log record
        return f"<{type(value).__name__}>"
