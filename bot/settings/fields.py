"""Table of all settings: names in the file and in the environment, default and allowed values."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel, ByteSize, SecretStr
from pydantic.fields import FieldInfo

from bot.settings.sections import Section, Settings
from bot.settings.types import Hint

# Names that are customary elsewhere; every setting also has a `DOPPEL_<SECTION>__<KEY>`.
SHORT_NAMES = {
    "DISCORD_TOKEN": "discord.token",
    "DOPPEL_DISCORD_API": "discord.api",
    "DOPPEL_DISCORD_GATEWAY": "discord.gateway",
    "DOPPEL_SHARDS": "discord.shards",
    "SEGMIND_API_KEY": "segmind.key",
    "SEGMIND_BASE_URL": "segmind.base_url",
    "DATABASE_URL": "database.url",
}


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting."""

    section: str
    key: str
    environment: tuple[str, ...]
    """Names in the environment, the short one first; the last one that is set wins."""
    default: Any
    allowed: str
    secret: bool

    @property
    def name(self) -> str:
        return f"{self.section}.{self.key}"

    @property
    def env(self) -> str:
        return self.environment[0]


@cache
def known_fields() -> tuple[SettingField, ...]:
    """All settings, in the order of the file."""
    return tuple(
        _field(section, key, field)
        for section, model in sections().items()
        for key, field in model.model_fields.items()
    )


def sections() -> dict[str, type[Section]]:
    return {name: type(field.default) for name, field in Settings.model_fields.items()}


def describe(settings: Settings) -> Iterator[tuple[SettingField, str]]:
    """Each setting with its value, without secrets."""
    for field in known_fields():
        value = getattr(getattr(settings, field.section), field.key)
        yield field, settings.database.shown if field.name == "database.url" else _shown(value)


def _field(section: str, key: str, field: FieldInfo) -> SettingField:
    name = f"{section}.{key}"
    short = [env for env, known in SHORT_NAMES.items() if known == name]
    return SettingField(
        section=section,
        key=key,
        environment=(*short, f"DOPPEL_{section}__{key}".upper()),
        default=field.get_default(call_default_factory=True),
        allowed=_allowed(field),
        secret=SecretStr in _types(field.annotation),
    )


def _types(annotation: Any) -> tuple[Any, ...]:
    """Plain types in an annotation, without `| None` and `Annotated`."""
    if get_origin(annotation) is Annotated:
        return _types(get_args(annotation)[0])
    parts = get_args(annotation)
    if not parts or get_origin(annotation) is Literal:
        return (annotation,)
    return tuple(plain for part in parts for plain in _types(part))


def _metadata(field: FieldInfo) -> Iterator[Any]:
    yield from field.metadata
    for part in get_args(field.annotation):
        if get_origin(part) is Annotated:
            yield from part.__metadata__


def _allowed(field: FieldInfo) -> str:
    for mark in _metadata(field):
        if isinstance(mark, Hint):
            return mark.words
    if get_origin(field.annotation) is Literal:
        return "one of " + ", ".join(get_args(field.annotation))
    if field.annotation is bool:
        return "true or false"
    low, high = _bound(field, "ge"), _bound(field, "le")
    if field.annotation is ByteSize:
        return f"a size such as 20 MiB, from {format_size(low)} to {format_size(high)}"
    if float in _types(field.annotation):
        return f"a number from {low:g} to {high:g}"
    return f"a whole number from {low:_} to {high:_}"


def _bound(field: FieldInfo, side: str) -> int:
    return next(getattr(mark, side) for mark in field.metadata if hasattr(mark, side))


def format_size(size: int) -> str:
    for unit, count in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
        if size >= count and size % count == 0:
            return f"{size // count} {unit}"
    return f"{size} bytes"


def _shown(value: Any) -> str:
    match value:
        case None:
            return "not set"
        case SecretStr():
            return "set"
        case bool():
            return str(value).lower()
        case ByteSize():
            return format_size(value)
        case tuple():
            return ", ".join(map(str, value)) or "none"  # pyright: ignore[reportUnknownArgumentType]
        case str() | int() | float():
            return str(value)
        case _:
            return ", ".join(f"{slug} = {price}" for slug, price in value.items()) or "none"


def read(field: SettingField, raw: Any, *, strict: bool) -> Any:
    """Validate one value; raises pydantic's `ValidationError`."""
    model: type[BaseModel] = sections()[field.section]
    return getattr(model.model_validate({field.key: raw}, strict=strict), field.key)
