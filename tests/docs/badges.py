"""The README's badges, drawn from pyproject.toml so that they need no network and cannot be wrong."""

import re
import tomllib
from collections.abc import Mapping

from tests.docs.pages import ROOT

FOLDER = ROOT / "docs/badges"
# Pixels: the mean width of a letter in the badge's font, and the space beside a text.
LETTER, SPACE = 6.6, 12
SVG = """<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img"
  aria-label="{name}: {value}">
  <clipPath id="r"><rect width="{width}" height="20" rx="3"/></clipPath>
  <g clip-path="url(#r)">
    <rect width="{left}" height="20" fill="#4e5058"/>
    <rect x="{left}" width="{right}" height="20" fill="#5865f2"/>
  </g>
  <g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
    <text x="{left_middle}" y="14">{name}</text>
    <text x="{right_middle}" y="14">{value}</text>
  </g>
</svg>
"""


def badges() -> Mapping[str, str]:
    """Return the SVG of each badge by its file's name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    classifiers: list[str] = project["classifiers"]
    versions = [each for each in classifiers if re.search(r"Python :: 3\.\d+$", each)]
    (library,) = (each for each in project["dependencies"] if each.startswith("discord.py"))
    texts = {
        "licence": project["license"],
        "python": " | ".join(each.rpartition(" ")[2] for each in versions),
        "discord.py": library.partition(">=")[2].partition(",")[0],
    }
    return {f"{name}.svg": _drawn(name, value) for name, value in texts.items()}


def _drawn(name: str, value: str) -> str:
    left, right = (round(len(text) * LETTER + SPACE) for text in (name, value))
    return SVG.format(
        name=name,
        value=value,
        width=left + right,
        left=left,
        right=right,
        left_middle=left / 2,
        right_middle=left + right / 2,
    )


def write() -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, svg in badges().items():
        (FOLDER / name).write_text(svg)
