"""Files of other projects, fetched by name with pip and apt into a temporary folder, and never kept."""

import shutil
import subprocess
import tarfile
import zipfile
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

# Larger files are refused by their size, before anything looks at them.
_MAX_BYTES = 20 * 2**20
# To read a package's name, pip prepares its build, which takes minutes on a busy machine.
_PATIENCE = 900


def distribution(name: str, folder: Path, *, kind: str = "--no-binary") -> None:
    """Unpack a package's source distribution, without building it; or its wheel, with "--only-binary"."""
    # Not this environment's Python, which has no pip.
    command = ["python3", "-m", "pip", "download", "--quiet", "--no-deps"]
    target = folder / "source"
    _run([*command, kind, ":all:", "--dest", str(target), name], folder)
    for archive in target.iterdir():
        if archive.suffix in {".zip", ".whl"}:
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
    "Pillow's tests": partial(distribution, "pillow"),
    "pillow-heif's samples": partial(distribution, "pillow-heif"),
    "afl++'s seeds": partial(debian, "afl++-doc"),
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


@contextmanager
def photographs() -> Generator[list[Path]]:
    """Photographs and drawings that scikit-image ships."""
    with TemporaryDirectory() as folder:
        distribution("scikit-image", Path(folder), kind="--only-binary")
        yield sorted(Path(folder, "skimage/data").glob("*.[jp][pn]g"))


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= _MAX_BYTES:
            yield path


def _run(command: list[str], folder: Path) -> None:
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=_PATIENCE)
