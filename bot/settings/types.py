"""Types of values: addresses, hosts, prices and others, each with a description for messages."""

import ipaddress
import json
import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr

from bot.settings.shards import ShardPlan

_KEY_BYTES = 32
_TOKEN_LENGTH = 16
_LINE_LENGTH = 200
# The dashboard checks every token at once, so nothing but the token keeps guessers out.
_TOKEN_CHARACTERS = 8
_HOST = re.compile(r"[a-z0-9_]([a-z0-9._-]*[a-z0-9])?")
_DRIVERS = {
    "sqlite": "sqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
    "postgresql+asyncpg": "postgresql+asyncpg",
}


@dataclass(frozen=True, slots=True)
class Hint:
    """Description of the allowed values, for types whose bounds do not show them."""

    words: str


def is_segmind(address: str) -> bool:
    return f".{urlsplit(address).hostname}".endswith(".segmind.com")


def _address(value: str, *schemes: str) -> SplitResult:
    parts = urlsplit(value.strip())
    # Credentials in an address would end up in logs. Reading the port also validates it.
    if parts.scheme not in schemes or not parts.hostname or "@" in parts.netloc or parts.port == 0:
        raise ValueError("not such an address")
    if parts.query or parts.fragment:
        raise ValueError("an address to which paths can be added")
    return parts


def _origin(value: str) -> str:
    parts = _address(value, "http", "https")
    if parts.path not in {"", "/"}:
        raise ValueError("scheme and host only")
    if parts.scheme == "http" and is_segmind(value):
        raise ValueError("the key must not be sent unencrypted")
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _api(value: str) -> str:
    return _address(value, "http", "https").geturl().rstrip("/")


def _web_address(value: str) -> str:
    parts = urlsplit(value.strip())
    if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
        raise ValueError("not such an address")
    return parts.geturl()


def _version(value: str) -> str:
    """The version becomes part of a button's id, in which a colon separates fields."""
    if not re.fullmatch(r"[A-Za-z0-9.-]{1,40}", value.strip()):
        raise ValueError("not such a version")
    return value.strip()


def _gateway(value: str) -> str:
    return _address(value, "ws", "wss").geturl()


def _database(value: SecretStr) -> SecretStr:
    scheme, colon, rest = value.get_secret_value().strip().partition(":")
    lead = "///" if scheme.startswith("sqlite") else "//"
    if scheme not in _DRIVERS or not rest.startswith(lead) or rest == lead:
        raise ValueError("not such an address")
    # Hosters give addresses with libpq's parameter, which asyncpg does not know.
    rest = re.sub(r"([?&])sslmode=", r"\1ssl=", rest)
    if any("password" in name.lower() for name, _ in parse_qsl(rest.partition("?")[2])):
        # Logs and messages show an address without its password, which they find before the host alone.
        raise ValueError("a password among the parameters")
    return SecretStr(_DRIVERS[scheme] + colon + rest)


def _one_word(value: SecretStr) -> SecretStr:
    """Strip the secret: a pasted one often ends with a newline."""
    stripped = value.get_secret_value().strip()
    if not stripped or re.search(r"\s", stripped):
        raise ValueError("one word")
    return SecretStr(stripped)


def _as_list(value: Any) -> Any:
    """Accept a list from TOML, or comma-separated words from the environment."""
    if isinstance(value, str):
        return tuple(word.strip() for word in value.split(","))
    return tuple(value) if isinstance(value, list) else value  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _ids(value: Any) -> Any:
    listed = _as_list(value)
    return tuple(map(int, listed)) if isinstance(value, str) else listed


def _hosts(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(_host(value.lower()) for value in values)


def _host(value: str) -> str:
    """Check a name or an address, optionally with a port."""
    if value.count(":") > 1 and not value.startswith("["):
        return str(ipaddress.IPv6Address(value))
    parts = urlsplit(f"//{value}")
    host = parts.hostname or ""
    if parts.netloc != value or "@" in value or parts.port == 0 or value.endswith(":"):
        raise ValueError("not a host")
    if value.startswith("["):
        ipaddress.IPv6Address(host)
    elif not _HOST.fullmatch(host):
        raise ValueError("not a host")
    return value


def _as_table(value: Any) -> Any:
    """Accept a table from TOML, or `slug=5,slug=7` or JSON from the environment."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("{"):
        return json.loads(value)
    pairs = (word.partition("=") for word in value.split(","))
    return {name.strip(): json.loads(number) for name, _, number in pairs}


def _by_id(value: Any) -> Any:
    """Convert the keys, which TOML and JSON give as strings, to ids."""
    named = _as_table(value)
    return {int(name): number for name, number in named.items()} if isinstance(named, dict) else named  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _page_token(value: SecretStr) -> SecretStr:
    token = _one_word(value).get_secret_value()
    if len(token) < _TOKEN_LENGTH or len(set(token)) < _TOKEN_CHARACTERS:
        raise ValueError("too easy to guess")
    return _one_word(value)


def _face_keys(value: SecretStr) -> SecretStr:
    keys = [key.strip() for key in value.get_secret_value().split(",")]
    for key in keys:
        # Keys come in both alphabets of base64.
        if len(b64decode(key.translate(str.maketrans("-_", "+/")), validate=True)) != _KEY_BYTES:
            raise ValueError("not such a key")
    return SecretStr(",".join(keys))


def _file(value: str) -> str:
    if not value.strip() or "\0" in value:
        raise ValueError("not such a path")
    return value.strip()


def _line(value: str) -> str:
    if not value.strip() or not value.isprintable() or len(value) > _LINE_LENGTH:
        raise ValueError("not such a line")
    return value.strip()


def read_listen(value: str) -> tuple[str, int]:
    """Parse host and port of an address to listen on; port 0 is any free one."""
    parts = urlsplit(f"//{value.strip()}")
    if not parts.hostname or parts.port is None or parts.path or "@" in parts.netloc:
        raise ValueError("not such an address")
    return _host(f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname).strip("[]"), parts.port


def _listen(value: str) -> str:
    read_listen(value)
    return value.strip()


def _networks(values: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(ipaddress.ip_network(value)) for value in values)


def _shards(value: str) -> str:
    ShardPlan.read(value)
    return value.strip().lower()


Secret = Annotated[SecretStr, AfterValidator(_one_word), Hint("one word without spaces")]
PageToken = Annotated[
    SecretStr,
    AfterValidator(_page_token),
    Hint("one random word of 16 characters or more, such as `openssl rand -hex 16` prints"),
]
FaceKeys = Annotated[
    SecretStr,
    AfterValidator(_face_keys),
    Hint("32 random bytes in base64, such as `openssl rand -base64 32` prints; separate several with commas"),
]
FilePath = Annotated[str, AfterValidator(_file), Hint("the path of a file, such as config/chain.pem")]
DatabaseUrl = Annotated[
    SecretStr,
    AfterValidator(_database),
    Hint("an address such as sqlite:///var/doppel.db or postgresql://user:password@host/name"),
]
ServerId = Annotated[
    int,
    Field(ge=1, lt=2**63),
    Hint("the id of a server, a whole number such as 81384788765712384"),
]
ServerIds = Annotated[
    tuple[Annotated[int, Field(ge=1, lt=2**63)], ...],
    BeforeValidator(_ids),
    Hint("a list of ids of servers, such as [81384788765712384]"),
]
DailyCap = Annotated[
    Annotated[float, Field(ge=0, le=1_000_000)] | None,
    BeforeValidator(lambda value: None if value == "none" else value),
    Hint('a number from 0 to 1_000_000, or "none"'),
]
Threshold = Annotated[
    Annotated[float, Field(ge=0.05, le=1)] | None,
    BeforeValidator(lambda value: None if value == "off" else value),
    Hint('a number from 0.05 to 1, or "off"'),
]
Age = Annotated[
    Annotated[float, Field(ge=1, le=80)] | None,
    BeforeValidator(lambda value: None if value == "off" else value),
    Hint('a number from 1 to 80, or "off"'),
]
Origin = Annotated[
    str,
    AfterValidator(_origin),
    Hint(
        "scheme and host of an http(s) address without a path, such as http://127.0.0.1:8700 "
        "(https for Segmind's own)"
    ),
]
Api = Annotated[str, AfterValidator(_api), Hint("an http(s) address such as http://127.0.0.1:9000/api/v10")]
Web = Annotated[
    str, AfterValidator(_web_address), Hint("an http(s) address such as https://example.org/privacy")
]
Version = Annotated[
    str,
    AfterValidator(_version),
    Hint("up to 40 letters, digits, dots and hyphens, such as 2026-08"),
]
Gateway = Annotated[
    str, AfterValidator(_gateway), Hint("a ws(s) address such as ws://127.0.0.1:9000/gateway/")
]
Listen = Annotated[
    str, AfterValidator(_listen), Hint("a host and a port such as 127.0.0.1:9100 or 0.0.0.0:9100")
]
Line = Annotated[str, AfterValidator(_line), Hint("one line of at most 200 characters")]
Hosts = Annotated[
    tuple[str, ...],
    BeforeValidator(_as_list),
    AfterValidator(_hosts),
    Hint('a list of hosts without scheme or path, such as ["media.example.org", "10.0.0.5:9000"]'),
]
Networks = Annotated[
    tuple[str, ...],
    BeforeValidator(_as_list),
    AfterValidator(_networks),
    Hint('a list of addresses or networks, such as ["127.0.0.1", "10.0.0.0/24"]'),
]
Prices = Annotated[
    Mapping[str, Annotated[int, Field(ge=0, le=1_000_000)]],
    BeforeValidator(_as_table),
    Hint("whole numbers of credits from 0 to 1_000_000 by model, such as { faceswap-v5 = 5 }"),
]
Factors = Annotated[
    Mapping[str, Annotated[float, Field(ge=0, le=100)]],
    BeforeValidator(_as_table),
    Hint('numbers by model, option and choice, such as { "faceswap-v4.hardware.cost" = 0.6 }'),
]
UserIds = Annotated[
    tuple[Annotated[int, Field(ge=1, lt=2**63)], ...],
    BeforeValidator(_ids),
    Hint("a list of ids of users, such as [81384788765712384]"),
]
SkuCredits = Annotated[
    Mapping[int, Annotated[int, Field(ge=1, le=1_000_000)]],
    BeforeValidator(_by_id),
    Hint('whole numbers of credits by the id of an SKU, such as { "81384788765712384" = 500 }'),
]
RoleCredits = Annotated[
    Mapping[int, Annotated[int, Field(ge=0, le=1_000_000)]],
    BeforeValidator(_by_id),
    Hint('whole numbers of credits by the id of a role, such as { "81384788765712384" = 100 }'),
]
Shards = Annotated[
    str,
    AfterValidator(_shards),
    Hint('shards such as "0-3/8" (the first four of eight) or "any 4/8" (four that nobody else serves)'),
]
