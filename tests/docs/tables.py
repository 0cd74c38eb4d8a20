"""The tables that follow from the code: python -m tests.docs.tables writes them into their pages."""

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
    for section, knobs in groupby(describe(Settings()), key=lambda described: described[0].section):
        lines += ["", f"### [{section}]", "", "| key | default | may be | why |", "|---|---|---|---|"]
        lines += [_row(knob, default, why[knob.name]) for knob, default in knobs]
    return "\n".join(lines[1:])


def short_names() -> str:
    rows = [f"| `{short}` | `{name}` |" for short, name in SHORT_NAMES.items()]
    return "\n".join(["| name | is the setting |", "|---|---|", *rows])


def reasons() -> Mapping[str, str]:
    """What the shipped files say of each setting: the comment above it."""
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
    names = {env: knob.name for knob in known_fields() if knob.secret for env in knob.environment}
    for line in _SECRETS.splitlines():
        if line.startswith("# "):
            comment.append(line[2:])
        elif (env := line.partition("=")[0]) in names and names[env] != "database.url":
            yield names[env], " ".join(comment)
        else:
            comment = []


def _row(knob: SettingField, default: str, why: str) -> str:
    if default not in {"not set", "none"}:
        default = f"`{default}`"
    cells = (f"`{knob.key}`", default, knob.allowed, why)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


TABLES: Mapping[str, Callable[[], str]] = {"settings": settings_table, "short names": short_names}
PAGE = ROOT / "docs/operators.md"


def written(text: str) -> str:
    """A page with its tables as they have to be."""
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
