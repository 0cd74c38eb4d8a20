"""Proves that every lock is complete, with the oldest and the newest pip.

An incomplete lock goes unnoticed as long as the installer finds the missing package by itself. This script
prevents that: it installs each lock into an empty environment, with a folder of the pinned wheels as the
only index, and runs `pip check`.
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

FOLDER = Path(__file__).resolve().parent
UV = Path(sys.executable).with_name("uv")
# The pip that came with Python 3.11.0, and the newest one.
PIPS = ("pip==22.3", "pip")


def run(*command: str | Path) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}")


def new_environment(venv: Path) -> Path:
    run(sys.executable, "-m", "venv", "--without-pip", venv)
    return venv / "bin/python"


def prove(lock: Path, pip: Path, wheels: Path) -> str:
    with TemporaryDirectory(dir=pip.parent) as place:
        python = new_environment(Path(place))
        target = (pip, "-m", "pip", "--python", python)
        install = (
            *target,
            "install",
            "--quiet",
            "--no-deps",
            "--no-compile",
            "--no-index",
            "--find-links",
            wheels,
        )
        run(*install, "--require-hashes", "-r", lock)
        if lock.stem not in {"build", "docs", "installer"}:
            # With the project installed, `pip check` also checks the project's requirements.
            run(*install, *wheels.glob("doppel-*.whl"))
        run(*target, "check")
    return lock.name


def main() -> None:
    # The longest lock first, so that the two threads finish at about the same time.
    locks = sorted(FOLDER.glob("*.lock"), key=lambda lock: -lock.stat().st_size)
    with TemporaryDirectory() as place, ThreadPoolExecutor(2) as pool:
        wheels = Path(place, "wheels")
        run(Path(sys.executable).with_name("hatchling"), "build", "--target", "wheel", "--directory", wheels)
        pips = {name: new_environment(Path(place, name)) for name in PIPS}
        for name, pip in pips.items():
            run(UV, "pip", "install", "--quiet", "--upgrade", "--python", pip, name)
        download = (pips["pip"], "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:")
        for lock in locks:
            run(*download, "--require-hashes", "--dest", wheels, "-r", lock)
        for name, pip in pips.items():
            done = pool.map(partial(prove, pip=pip, wheels=wheels), locks)
            print(f"{name} installs {', '.join(sorted(done))} and misses nothing.", flush=True)


if __name__ == "__main__":
    main()
