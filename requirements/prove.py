"""Proves that every lock is complete: old and new pip install it as it stands, and miss nothing.

A lock that lacks a package works for as long as the installer finds a release of that package by itself.
Here it has no chance: an empty environment, a folder with the pinned wheels for an index, and `pip check`.
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

FOLDER = Path(__file__).resolve().parent
UV = Path(sys.executable).with_name("uv")
# What Python 3.11.0 came with, and the newest release.
PIPS = ("pip==22.3", "pip")


def run(*command: str | Path) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}")


def new(venv: Path) -> Path:
    run(sys.executable, "-m", "venv", "--without-pip", venv)
    return venv / "bin/python"


def proved(lock: Path, pip: Path, wheels: Path) -> str:
    with TemporaryDirectory(dir=pip.parent) as place:
        python = new(Path(place))
        told = (pip, "-m", "pip", "--python", python)
        install = (
            *told,
            "install",
            "--quiet",
            "--no-deps",
            "--no-compile",
            "--no-index",
            "--find-links",
            wheels,
        )
        run(*install, "--require-hashes", "-r", lock)
        if lock.stem not in {"build", "installer"}:
            # With the project itself, pip checks what the project asks for, too.
            run(*install, *wheels.glob("doppel-*.whl"))
        run(*told, "check")
    return lock.name


def main() -> None:
    # The longest first, so that two at a time end together.
    locks = sorted(FOLDER.glob("*.lock"), key=lambda lock: -lock.stat().st_size)
    with TemporaryDirectory() as place, ThreadPoolExecutor(2) as pool:
        wheels = Path(place, "wheels")
        run(Path(sys.executable).with_name("hatchling"), "build", "--target", "wheel", "--directory", wheels)
        pips = {name: new(Path(place, name)) for name in PIPS}
        for name, pip in pips.items():
            run(UV, "pip", "install", "--quiet", "--upgrade", "--python", pip, name)
        download = (pips["pip"], "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:")
        for lock in locks:
            run(*download, "--require-hashes", "--dest", wheels, "-r", lock)
        for name, pip in pips.items():
            done = pool.map(partial(proved, pip=pip, wheels=wheels), locks)
            print(f"{name} installs {', '.join(sorted(done))} and misses nothing.", flush=True)


if __name__ == "__main__":
    main()
