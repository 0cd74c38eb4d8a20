"""The docs build as a site: no broken link, nothing loaded from elsewhere, every page found by the search."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.docs.pages import PAGES, ROOT


def test_the_site_builds_without_a_network_and_finds_every_page(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path],
        check=False,
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    index = (tmp_path / "search/search_index.json").read_text()
    for name in PAGES:
        page = re.sub(r"\bREADME$", "index", name.removeprefix("docs/").removesuffix(".md"))
        assert f'"location":"{page}.html"' in index, name
    for path in tmp_path.rglob("*.html"):
        html = path.read_text()
        assert not re.findall(
            r'<(?:script|img|link rel="(?:stylesheet|preconnect)")[^>]+(?:src|href)="https?:', html
        )
