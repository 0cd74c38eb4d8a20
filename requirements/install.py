"""Installs the project and its pinned packages into a virtual environment, given stock Python and pip.

pip installs uv from `installer.lock`, and uv syncs the environment with the locks. The locks pin every
package with its hashes, so that neither of the two ever chooses a version.
"""

from __future__ import annotations  # Python 3.7 to 3.10 reach the message about the version.

import argparse
import importlib.util
import re
import subprocess
import sys
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

# Modules that the bot never imports.
UNUSED = r"/(tests?|testing|typing|f2py|distutils|hatchling|mysql|oracle|mssql|pydantic/v1)/"

FOLDER = Path(__file__).resolve().parent
# Messages of the system, pip and uv, and what to do about each.
ADVICE = {
    r"No space left on device|Disk quota exceeded": """\
The disk is full: {venv}, the temporary folder and the cache in your home need 2 GB. \
Free some, and try again.""",
    r"Read-only file system|Permission denied|Operation not permitted": """\
{venv} cannot be written to, or your home or the temporary folder cannot: \
copy the project to a folder of your own, and try again there.""",
    r"connection broken by|error sending request|Failed to fetch|from versions: none": """\
The package index does not answer: check the network and your proxy settings, and try again.""",
}


class CannotInstall(Exception):
    """The installation failed; the message says what to do."""


def explain(output: str, venv: Path) -> CannotInstall:
    for pattern, advice in ADVICE.items():
        if re.search(pattern, output):
            return CannotInstall(advice.format(venv=venv))
    return CannotInstall(f"{output.strip()}\nThe installation failed; the lines above say why.")


def run(venv: Path, *command: str | Path) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise explain(done.stdout, venv)


def installer(venv: Path) -> tuple[str | Path, ...]:
    """Create the environment if necessary, and return the command of the pip that installs into it."""
    python = venv / "bin/python"
    # ensurepip takes several seconds, so it only runs on a machine that has no pip.
    own = importlib.util.find_spec("pip") is None
    needed = ("venv", "ensurepip") if own else ("venv",)
    if any(importlib.util.find_spec(name) is None for name in needed):
        raise CannotInstall(
            "This Python comes without venv and pip: install them (on Debian and Ubuntu, "
            "sudo apt-get install python3-venv python3-pip), and try again."
        )
    if not python.exists():
        from venv import EnvBuilder  # noqa: PLC0415 - some machines lack it

        EnvBuilder(symlinks=True, with_pip=own, clear=True).create(venv)
    return (python, "-m", "pip") if own else (sys.executable, "-m", "pip", "--python", python)


def install(venv: Path, lock: str, project: Path, *, editable: bool) -> None:
    print(f"Installing the packages of {lock}.lock into {venv} ...", flush=True)
    uv, locks = venv / "bin/uv", [FOLDER / f"{name}.lock" for name in ("installer", "build", lock)]
    # A service cannot write next to its modules, so all are compiled.
    options = ("--quiet", "--python", venv / "bin/python", *(() if editable else ("--compile-bytecode",)))
    with compiling(project / "bot", project / "cogs") if editable else nullcontext():
        pip = installer(venv)
        run(venv, *pip, "install", "--quiet", "--no-deps", "--require-hashes", "-r", locks[0])
        run(venv, uv, "pip", "sync", *options, "--require-hashes", "--only-binary", ":all:", *locks)
    source = ("--editable", project) if editable else (project,)
    # The sandbox starts right afterwards.
    with compiling(venv / "lib") if lock == "sandbox" else nullcontext():
        run(venv, uv, "pip", "install", *options, "--no-deps", "--no-build-isolation", *source)


@contextmanager
def compiling(*folders: Path) -> Generator[None]:
    """Compile modules meanwhile, on all cores; the first start would compile them one after the other."""
    command = (sys.executable, "-m", "compileall", "-q", "-j", "0", "-x", UNUSED, *folders)
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL):
        yield


def main() -> None:
    if sys.version_info < (3, 11):  # noqa: UP036 - an older Python can read this file
        sys.exit(f"Doppel needs Python 3.11 or later, and this is Python {sys.version.split()[0]}.")
    parser = argparse.ArgumentParser(description="Install the project and its pinned packages.")
    parser.add_argument("venv", type=Path, help="the virtual environment; created if it does not exist")
    parser.add_argument("lock", choices=["base", "sandbox", "extras", "dev", "docs"], help="the packages")
    parser.add_argument(
        "--project", type=Path, default=FOLDER.parent, help="the project's folder, or a wheel"
    )
    parser.add_argument("--editable", action="store_true", help="run it from its folder, for development")
    options = parser.parse_args()
    venv = options.venv.absolute()
    try:
        install(venv, options.lock, options.project, editable=options.editable)
    except CannotInstall as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(str(explain(str(error), venv)))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
