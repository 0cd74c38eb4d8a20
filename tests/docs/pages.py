"""Headings, links and code blocks of the project's pages."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]

_FENCE = re.compile(
    r"^(?P<fence>```+)(?P<language>\S*)[^\n]*\n(?P<text>.*?)^(?P=fence)$", re.MULTILINE | re.DOTALL
)
_HEADING = re.compile(r"^(#+) +(.+?) *$", re.MULTILINE)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A code block and its position."""

    page: str
    line: int
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


@dataclass(frozen=True)
class Page:
    """A page of Markdown."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.relative_to(ROOT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text("utf-8")

    @cached_property
    def prose(self) -> str:
        """The text without code blocks and comments."""
        return _COMMENT.sub("", _FENCE.sub("", self.text))

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(
            Block(self.name, self.text.count("\n", 0, found.start()) + 1, found["language"], found["text"])
            for found in _FENCE.finditer(self.text)
        )

    @cached_property
    def headings(self) -> tuple[str, ...]:
        return tuple(words for _, words in _HEADING.findall(self.prose))

    @cached_property
    def anchors(self) -> frozenset[str]:
        """Anchors of the headings, as GitHub makes them."""
        seen: dict[str, int] = {}
        anchors: set[str] = set()
        for heading in self.headings:
            anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
            count = seen.get(anchor, 0)
            seen[anchor] = count + 1
            anchors.add(f"{anchor}-{count}" if count else anchor)
        return frozenset(anchors)

    @cached_property
    def links(self) -> tuple[str, ...]:
        return tuple(_LINK.findall(self.prose))

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Texts between single backticks."""
        return tuple(_CODE.findall(self.prose))

    def section(self, heading: str) -> str:
        """Return the text below a heading, up to the next heading of the same or a higher level."""
        found = re.search(rf"^(#+) +{re.escape(heading)} *$", self.text, re.MULTILINE)
        assert found is not None, f"{self.name} has no heading {heading!r}"
        end = re.compile(rf"^#{{1,{len(found[1])}}} ", re.MULTILINE).search(self.text, found.end())
        return self.text[found.end() : end.start() if end else None]


def pages() -> Iterator[Page]:
    for path in sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]):
        yield Page(path)


def page(name: str) -> Page:
    return Page(ROOT / name)


PAGES: Mapping[str, Page] = {each.name: each for each in pages()}
BLOCKS: tuple[Block, ...] = tuple(block for each in PAGES.values() for block in each.blocks)
