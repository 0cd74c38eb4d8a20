"""Reads the settings, and describes each wrong one in a sentence.

Later sources win: the defaults in `sections`, the TOML file, `secrets.env` beside it, the environment.
"""

import difflib
import io
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dotenv.parser import Original, parse_stream
from pydantic import ValidationError

from bot.settings.fields import SHORT_NAMES, SettingField, known_fields, read, sections
from bot.settings.sections import Settings

DEFAULT_CONFIG = Path("config/doppel.toml")
CONFIG_NAME = "DOPPEL_CONFIG"
SECRETS_NAME = "secrets.env"
MAX_SHOWN = 80

# A pasted token that ends in "=" must not count as a name, because names are repeated in messages.
_NAME = re.compile(r"[A-Z][A-Z0-9_]{0,63}")


class SettingsError(Exception):
    """The settings cannot be used. The message and all `problems` are sentences without secrets."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        first, *others = self.problems
        more = {0: "", 1: "; one more setting is wrong"}.get(
            len(others), f"; {len(others)} more settings are wrong"
        )
        super().__init__(f"{first}{more}.")


@dataclass(frozen=True, slots=True)
class RawSetting:
    """Value as the operator wrote it, and where."""

    field: SettingField
    raw: Any
    where: str
    strict: bool

    def read(self) -> Any:
        return read(self.field, self.raw, strict=self.strict)

    def problem(self) -> str:
        if self.field.secret:
            return f"{self.where} cannot be used (its value is not shown): it must be {self.field.allowed}"
        return f"{self.where} is {_shown(self.raw)}, but must be {self.field.allowed}"


def load(config: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read all settings, or raise `SettingsError`. If no file is named, a missing one means the defaults."""
    environ = os.environ if environ is None else environ
    path = _config(config, environ)
    problems: list[str] = []
    values: dict[str, dict[str, Any]] = {}
    for given in (*_toml(path), *_secrets(path.with_name(SECRETS_NAME)), *_environment(environ)):
        if isinstance(given, str):
            problems.append(given)
            continue
        try:
            values.setdefault(given.field.section, {})[given.field.key] = given.read()
        except ValidationError:
            problems.append(given.problem())
    if problems:
        raise SettingsError(problems)
    return Settings.model_validate(values)


def secrets_file(config: Path | None = None, environ: Mapping[str, str] | None = None) -> Path:
    """Path of the file with the secrets, next to the settings file; neither needs to exist."""
    return _config(config, os.environ if environ is None else environ).with_name(SECRETS_NAME)


def _config(config: Path | None, environ: Mapping[str, str]) -> Path:
    if config is not None:
        path, reason = config, f"{config} is named as the settings' file"
    elif named := environ.get(CONFIG_NAME):
        path, reason = Path(named), f"{CONFIG_NAME} names {named}"
    else:
        return DEFAULT_CONFIG
    if not path.is_file():
        raise SettingsError([f"{reason}, but there is no such file"])
    return path


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise SettingsError([f"{path} is not text in UTF-8"]) from None
    except OSError as error:
        raise SettingsError([f"{path} cannot be read: {error.strerror}"]) from None


def _toml(path: Path) -> Iterator[RawSetting | str]:
    try:
        tables = tomllib.loads(_text(path))
    except tomllib.TOMLDecodeError as error:
        # Without the cause, which contains the whole document and possibly a secret.
        raise SettingsError([f"{path} is not valid TOML: {error}"]) from None
    fields = {field.name: field for field in known_fields()}
    for section, table in tables.items():
        if section not in sections():
            yield _unknown_section(section, table, path)
        elif not isinstance(table, dict):
            yield f"{section} in {path} is {_shown(table)}, but must be a section: [{section}]"
        else:
            for key, raw in table.items():  # pyright: ignore[reportUnknownVariableType]
                name = f"{section}.{key}"
                where = f"{name} in {path}"
                yield (
                    RawSetting(fields[name], raw, where, strict=True)
                    if name in fields
                    else _unknown(name, where, fields)
                )


def _secrets(path: Path) -> Iterator[RawSetting | str]:
    fields = _by_environment()
    for line in parse_stream(io.StringIO(_text(path))):
        where = f"{line.key} in {path}"
        if line.error or (line.key is not None and (line.value is None or not _NAME.fullmatch(line.key))):
            # Names only the number, because the line may be a bare secret.
            yield f"line {_number(line.original)} of {path} cannot be read: it must be NAME=value"
        elif line.key is not None and line.key not in fields:
            yield _unknown(line.key, where, fields)
        elif line.key is not None and line.value:
            yield RawSetting(fields[line.key], line.value, where, strict=False)


def _number(original: Original) -> int:
    """Line number of the statement; dotenv counts from the empty lines before it."""
    text = original.string
    return original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _environment(environ: Mapping[str, str]) -> Iterator[RawSetting | str]:
    fields = _by_environment()
    for name, field in fields.items():
        # Compose files and shells pass unset variables as empty ones.
        if value := environ.get(name):
            yield RawSetting(field, value, name, strict=False)
    for name in sorted(environ.keys() - fields.keys() - {CONFIG_NAME}):
        if name.upper().startswith("DOPPEL_") or _misspelt(name, environ):
            yield _unknown(name, name, (*fields, CONFIG_NAME))


def _by_environment() -> dict[str, SettingField]:
    """Short names first, so that the full name wins where both are set."""
    pairs = [(name, field) for field in known_fields() for name in field.environment]
    return dict(sorted(pairs, key=lambda pair: pair[0] not in SHORT_NAMES))


def _misspelt(name: str, environ: Mapping[str, str]) -> bool:
    """Return whether a name misspells a short one: SEGMIND_BASEURL would send orders to the real Segmind."""
    meant = difflib.get_close_matches(name.upper(), SHORT_NAMES, 1, cutoff=0.9)
    return bool(meant) and meant[0] not in environ


def _unknown_section(section: str, table: object, path: Path) -> str:
    if not isinstance(table, dict):
        return _unknown(section, f"{section} in {path}", [field.name for field in known_fields()])
    hint = f"did you mean [{_nearest(section, sections())}]?"
    return f"[{section}] in {path} is not a section ({hint})"


def _unknown(name: str, where: str, known: Iterable[str]) -> str:
    return f"{where} is not a setting (did you mean {_nearest(name, known)}?)"


def _nearest(name: str, known: Iterable[str]) -> str:
    """The most similar of the known names.

    A key with the right spelling in the wrong section, or without one, comes first.
    """
    spelling = {each.lower(): each for each in known}
    same_key = [each for each in spelling if each.rpartition(".")[2] == name.lower().rpartition(".")[2]]
    return spelling[difflib.get_close_matches(name.lower(), same_key or spelling, 1, cutoff=0.0)[0]]


def _shown(raw: object) -> str:
    text = re.sub(r"//[^/@\s]*@", "//***@", repr(raw))
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
