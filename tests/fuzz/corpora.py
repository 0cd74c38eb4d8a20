"""Foreign corpora, fetched by name with pip and apt into a temporary folder, and never kept."""

import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

# Larger files are refused by their size, before anything looks at them.
_MAX_BYTES = 20 * 2**20
# To learn what it has downloaded, pip prepares a build of it, which takes minutes on a busy machine.
_PATIENCE = 900


def pip_source(name: str, folder: Path) -> None:
    """Source distribution of a package, without building it."""
    # Not this environment's Python, which has no pip.
    command = ["python3", "-m", "pip", "download", "--quiet", "--no-deps"]
    target = folder / "source"
    _run([*command, "--no-binary", ":all:", "--dest", str(target), name], folder)
    for archive in target.iterdir():
        if archive.suffix == ".zip":
            with zipfile.ZipFile(archive) as file:
                file.extractall(folder)
        else:
            with tarfile.open(archive) as file:
                file.extractall(folder, filter="data")
        archive.unlink()


def debian(name: str, folder: Path) -> None:
    _run(["apt-get", "download", "-qq", name], folder)
    for archive in folder.glob("*.deb"):
        _run(["dpkg", "--extract", str(archive), str(folder)], folder)
        archive.unlink()


CORPORA: dict[str, Callable[[Path], None]] = {
    "Pillow's tests": lambda folder: pip_source("pillow", folder),
    "pillow-heif's samples": lambda folder: pip_source("pillow-heif", folder),
    "afl++'s seeds": lambda folder: debian("afl++-doc", folder),
}


def fetch(name: str, folder: Path) -> list[Path] | None:
    """Files of a corpus, or None if it cannot be fetched here."""
    folder.mkdir()
    try:
        CORPORA[name](folder)
    except (OSError, subprocess.SubprocessError, tarfile.TarError):
        shutil.rmtree(folder)
        return None
    return sorted(_files(folder))


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= _MAX_BYTES:
            yield path


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=_PATIENCE)
