"""Tables generated from the code: python -m tests.docs.tables writes them into their pages."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby

from bot.settings import SettingField, Settings, describe, known_fields
from bot.settings.fields import SHORT_NAMES
from tests.docs.pages import ROOT

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


TABLES: Mapping[str, Callable[[], str]] = {"settings": settings_table, "short names": short_names}
PAGE = ROOT / "docs/operators.md"


def written(text: str) -> str:
    """Return the page with its generated tables."""
    for name, table in TABLES.items():
        start = f"<!-- {name}: python -m tests.docs.tables -->\n"
        before, found, rest = text.partition(start)
        assert found, f"there is no place for the {name}"
        _, end, after = rest.partition("<!-- end -->")
        text = f"{before}{start}\n{table()}\n\n{end}{after}"
    return text


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
    sys.stdout.write(f"{PAGE} is up to date.\n")
