"""`requirements/install.py` reports each problem in one sentence, without a traceback."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
# Nothing listens there.
DEAD_PROXY = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), "http://127.0.0.1:9")


def refused(venv: Path, *, modules: Path | None = None, broken: Iterable[str] = ()) -> list[str]:
    """Lines on stderr, on a machine that is cut off from the network."""
    if modules is not None:
        modules.mkdir()
        words = "".join(f"import sys; sys.modules[{name!r}] = None\n" for name in broken)
        (modules / "sitecustomize.py").write_text(words)
    done = subprocess.run(
        [sys.executable, ROOT / "requirements/install.py", venv, "base"],
        check=False,
        env={**os.environ, **DEAD_PROXY, "PIP_RETRIES": "0", "PYTHONPATH": str(modules or "")},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 1
    return done.stderr.splitlines()


def test_without_a_network_it_names_the_network(tmp_path: Path) -> None:
    (said,) = refused(tmp_path / "venv")
    assert said.startswith("The package index does not answer")


def test_without_venv_it_names_the_packages_to_install(tmp_path: Path) -> None:
    (said,) = refused(tmp_path / "venv", modules=tmp_path / "modules", broken=["venv"])
    assert "python3-venv" in said


def test_where_nothing_can_be_written_it_names_the_folder() -> None:
    (said,) = refused(Path("/sys/venv"))
    assert said.startswith("/sys/venv cannot be written to")
