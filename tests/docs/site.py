"""Hooks of MkDocs: bring the project's root pages into the site, adapt links, and check what was built."""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import BuildError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
# Pages of the project's root by their name in the site.
ROOT_PAGES = {
    "index.md": "README.md",
    **{name: name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")},
}
IN_SITE = {source: name for name, source in ROOT_PAGES.items()}
# Parts of a page that a browser loads by itself, from another host.
_LOADED = re.compile(
    r"""<(?:script|img|link rel="(?:stylesheet|preconnect)")[^>]+(?:src|href)="https?:[^"]*"""
)
_LINK = re.compile(r"(!?)\[([^\]]*)\]\((?!https?:|mailto:|#)([^)\s#]+)(#[^)\s]*)?\)")


def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    for name, source in ROOT_PAGES.items():
        files.append(File.generated(config, name, abs_src_path=str(ROOT / source)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    del config, files
    source = ROOT_PAGES.get(page.file.src_uri) or f"docs/{page.file.src_uri}"

    def adapted(found: re.Match[str]) -> str:
        mark, text, path, anchor = found.groups(default="")
        target = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        place = IN_SITE.get(target) or target.removeprefix("docs/")
        if place == target and target not in IN_SITE:
            # The site has no source files.
            return text
        link = posixpath.relpath(place, posixpath.dirname(page.file.src_uri) or ".")
        return f"{mark}[{text}]({link}{anchor})"

    return _LINK.sub(adapted, markdown)


def on_post_build(*, config: MkDocsConfig) -> None:
    """Raise if the search does not find a page, or if a page loads something from elsewhere."""
    site = Path(config.site_dir)
    index = (site / "search/search_index.json").read_text()
    pages = [path for path in site.rglob("*.html") if path.name != "404.html"]
    for path in pages:
        name = path.relative_to(site).as_posix()
        if f'"location":"{name}"' not in index:
            raise BuildError(f"The search does not find {name}.")
        if (loaded := _LOADED.search(path.read_text())) is not None:
            raise BuildError(f"{name} loads something from elsewhere: {loaded[0]}")
