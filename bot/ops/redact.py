"""Takes secrets out of whatever is about to be logged: known ones by value, others by their shape."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any
from urllib.parse import quote, quote_plus

from pydantic import SecretStr

MARK = "[redacted]"

# A shorter secret would blank out ordinary words; a password in an address is found by its place.
SHORTEST_KNOWN = 8
# Beyond this, a structure is looked at as text: it may contain itself.
DEEPEST = 8

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
            r"([?&])(?:ex|is|hm)=[^&\s\"'<>\\]*(?:&(?:ex|is|hm)=[^&\s\"'<>\\]*)*(?:&(?!\w))?", re.IGNORECASE
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
    def __init__(self, secrets: Sequence[SecretStr] = ()) -> None:
        values = [secret.get_secret_value() for secret in secrets]
        known = {form for value in values if len(value) >= SHORTEST_KNOWN for form in _spellings(value)}
        # The longest first, so that a secret within a longer one leaves no rest of it.
        words = sorted(known, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, words))) if words else None

    def text(self, text: str) -> str:
        if self._known is not None:
            text = self._known.sub(MARK, text)
        for shape, instead in _SHAPES:
            text = shape.sub(instead, text)
        return text

    def value(self, value: Any, depth: int = 0) -> Any:
        """The same without secrets. What is no plain data becomes text, as a log would show it anyway."""
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, bytes | bytearray):
            return f"<{len(value)} bytes>"
        if depth < DEEPEST and isinstance(value, Mapping):
            return self.mapping(value, depth + 1)  # pyright: ignore[reportUnknownArgumentType]
        if depth < DEEPEST and isinstance(value, list | tuple | AbstractSet):
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
            # Headers are often pairs.
            case [str(key), _] if _KEY_NAMES.fullmatch(key):
                return [key, MARK]
            case items:
                return [self.value(item, depth) for item in items]


def _spellings(secret: str) -> set[str]:
    """A secret as it is, and as it looks inside a repr, JSON or an address."""
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
    except Exception:  # noqa: BLE001 - an object that cannot show itself must not end the line
        return f"<{type(value).__name__}>"
