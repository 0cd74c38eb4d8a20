"""Every link leads somewhere, and every page can be reached from the README."""

import re

import pytest

from bot import __version__
from tests.browser.demo import MAX_BYTES
from tests.docs import badges
from tests.docs.pages import BLOCKS, PAGES, ROOT, Page, page

# Allowed languages of blocks; `text` is for output.
LANGUAGES = {"sh", "python", "toml", "ini", "json", "http", "promql", "text"}
OUTSIDE = re.compile(r"(https|mailto):")


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    for link in PAGES[name].links:
        if OUTSIDE.match(link):
            continue
        path, _, anchor = link.partition("#")
        target = (PAGES[name].path.parent / path).resolve() if path else PAGES[name].path
        assert target.exists(), f"{name} links to {link}"
        assert target.is_relative_to(ROOT), f"{name} links out of the project: {link}"
        if anchor:
            assert anchor in Page(target).anchors, f"{name} links to {link}"


def test_every_page_is_found_from_the_readme() -> None:
    found, new = set[str](), {"README.md"}
    while new:
        found |= new
        linked = {
            (PAGES[name].path.parent / link.partition("#")[0]).resolve()
            for name in new
            for link in PAGES[name].links
            if not OUTSIDE.match(link) and not link.startswith("#")
        }
        new = {name for name, each in PAGES.items() if each.path in linked} - found
    assert found == set(PAGES)


def test_every_picture_is_shown_and_is_small() -> None:
    shown = {
        link for each in PAGES.values() for link in each.links if link.endswith((".png", ".webp", ".svg"))
    }
    for path in [*ROOT.glob("docs/pictures/*"), *ROOT.glob("docs/badges/*")]:
        assert path.stat().st_size <= (MAX_BYTES if path.suffix == ".webp" else 160_000), path.name
        assert any(link.endswith(path.name) for link in shown), path.name


def test_every_block_of_code_says_what_it_is() -> None:
    for block in BLOCKS:
        assert block.language in LANGUAGES, f"{block} is {block.language or 'nothing'}"


def test_the_badges_say_what_the_project_says() -> None:
    drawn = {path.name: path.read_text() for path in badges.FOLDER.iterdir()}
    assert drawn == badges.badges(), "make tables draws them"


def test_the_readme_is_short() -> None:
    lines = page("README.md").text.splitlines()
    assert len(lines) <= 150
    # The first command comes within the first screen.
    assert lines.index("```sh") <= 40


def test_the_changelog_begins_with_this_version() -> None:
    assert page("CHANGELOG.md").headings[1] == __version__
