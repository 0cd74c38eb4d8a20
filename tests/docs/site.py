"""Hooks of MkDocs: bring the project's root pages into the site, and adapt links to what the site has."""

import posixpath
import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
# Pages of the project's root by their name in the site.
ROOT_PAGES = {
    "index.md": "README.md",
    **{name: name for name in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md")},
}
IN_SITE = {source: name for name, source in ROOT_PAGES.items()}
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
