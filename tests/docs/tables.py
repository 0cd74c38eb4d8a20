"""Writes the README's badges and the pages' tables of settings and models: python -m tests.docs.tables."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby

from bot.ledger.policy import Prices
from bot.media_kind import MediaKind
from bot.models import MediaSlot, ModelCard, Parameter
from bot.registry import model_registry
from bot.settings import SettingField, Settings, describe, known_fields
from bot.settings.fields import SHORT_NAMES
from tests.docs import badges
from tests.docs.pages import ROOT

MODELS = model_registry("cogs")
# Times from here on are given in minutes.
LONG_SECONDS = 100
EXAMPLE = ROOT / "config/doppel.toml"
_KEY = re.compile(r"(?:# )?([a-z0-9_]+) = ")
_SECRETS = (ROOT / "config/secrets.env.example").read_text()


def settings_table() -> str:
    why = reasons()
    lines: list[str] = []
    for section, fields in groupby(describe(Settings()), key=lambda described: described[0].section):
        lines += ["", f"### [{section}]", "", "| key | default | may be | why |", "|---|---|---|---|"]
        lines += [_row(field, default, why[field.name]) for field, default in fields]
    return "\n".join(lines[1:])


def short_names() -> str:
    rows = [f"| `{short}` | `{name}` |" for short, name in SHORT_NAMES.items()]
    return "\n".join(["| name | is the setting |", "|---|---|", *rows])


def reasons() -> Mapping[str, str]:
    """Return the comment above each setting in the shipped files."""
    return {**dict(_reasons(EXAMPLE.read_text())), **dict(_secret_reasons())}


def _reasons(text: str) -> Iterator[tuple[str, str]]:
    section, comment = "", list[str]()
    for line in text.splitlines():
        if line.startswith("["):
            section, comment = line.strip("[]"), []
        elif found := _KEY.match(line):
            yield f"{section}.{found[1]}", " ".join(comment)
            comment = []
        elif line.startswith("# "):
            comment.append(line[2:])
        else:
            comment = []


def _secret_reasons() -> Iterator[tuple[str, str]]:
    comment: list[str] = []
    names = {env: field.name for field in known_fields() if field.secret for env in field.environment}
    for line in _SECRETS.splitlines():
        if line.startswith("# "):
            comment.append(line[2:])
        elif (env := line.partition("=")[0]) in names and names[env] != "database.url":
            yield names[env], " ".join(comment)
        else:
            comment = []


def _row(field: SettingField, default: str, why: str) -> str:
    if default not in {"not set", "none"}:
        default = f"`{default}`"
    cells = (f"`{field.key}`", default, field.allowed, why)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def prices_table() -> str:
    rows = [
        f"| `/{card.slug}` | {card.summary} | {_price(card)} | {_time(card.seconds)} |"
        for card in (model.card for model in MODELS.values())
    ]
    return "\n".join(["| command | what it does | credits | usual time |", "|---|---|---|---|", *rows])


def files_table() -> str:
    rows: list[str] = []
    for slug, model in MODELS.items():
        files = ", ".join(_file(each, each.slot) for each in model.parameters() if each.slot is not None)
        rows.append(f"| `/{slug}` | {model.card.summary} | {files} |")
    return "\n".join(["| command | what it does | files |", "|---|---|---|", *rows])


def _price(card: ModelCard) -> str:
    credits_ = Prices().unit(card, {})
    return (
        f"{credits_}" if card.per_seconds is None else f"{credits_} for each started {card.per_seconds:g} s"
    )


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < LONG_SECONDS else f"{seconds / 60:.0f} min"


def _file(parameter: Parameter, slot: MediaSlot) -> str:
    optional = "" if parameter.required else "optional "
    kinds = " (picture or video)" if MediaKind.VIDEO in slot.accepts else ""
    return f"{optional}`{parameter.name}`{kinds}"


TABLES: Mapping[str, Mapping[str, Callable[[], str]]] = {
    "docs/settings.md": {"settings": settings_table, "short names": short_names},
    "README.md": {"models": prices_table},
    "docs/members.md": {"models": files_table},
}


def written(path: str) -> str:
    """The text of a page with its tables brought up to date."""
    text = (ROOT / path).read_text("utf-8")
    for name, table in TABLES[path].items():
        start = f"<!-- {name}: python -m tests.docs.tables -->\n"
        before, found, rest = text.partition(start)
        assert found, f"there is no place for the {name}"
        _, end, after = rest.partition("<!-- end -->")
        text = f"{before}{start}\n{table()}\n\n{end}{after}"
    return text


if __name__ == "__main__":
    badges.write()
    for path in TABLES:
        (ROOT / path).write_text(written(path), "utf-8")
        sys.stdout.write(f"{path} is up to date.\n")
