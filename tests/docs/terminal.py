"""Runs a page's commands in bash on a simulated machine, with fakes for programs that need a real one."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.docs.pages import ROOT, Block
from tests.patience import PATIENCE

# Programs that are harmless in a temporary folder. All others are fakes or not found.
REAL = ("bash", "cat", "chmod", "cp", "date", "env", "install", "ln", "mkdir", "rm", "sed", "tee")
OF_VENV = ("doppel", "pytest")


def _venv(folder: str) -> str:
    programs = (f'ln -sf "$(command -v {name}-of-venv)" {folder}/bin/{name}' for name in OF_VENV)
    return " && ".join([f"mkdir -p {folder}/bin", *programs])


# Each fake records its call and does the work that later lines need.
FAKES = {
    "sudo": 'exec "$@"',
    "apt-get": "",
    "useradd": "",
    "systemctl": "",
    "journalctl": "",
    "systemd-run": "",
    "curl": "",
    "ssh": "",
    "openssl": "printf '%048x\\n' 12345",
    "make": f"[[ $1 != venv ]] || {{ {_venv('.venv')}; }}",
    "git": '[[ $1 != clone ]] || cp -r "$2/." "$3"',
    "docker": "echo said by a container",
    "python3": _venv('"$2"'),
    **{f"{name}-of-venv": "" for name in OF_VENV},
    "nano": "sed -i 's/^DISCORD_TOKEN=$/DISCORD_TOKEN=a-token/; s/^SEGMIND_API_KEY=$/&a-key/' \"$1\"",
}
_NOTED = """#!/bin/bash
set -eu
{ printf '%s\\t\\n' "${0##*/}" "$@"; echo; } >> "$CALLS"
"""
# The folders of a machine that a page writes to.
_MACHINE = re.compile(r"(?<![\w./:])/(?=(?:opt|etc|usr/local|var/lib)/)")
_PROJECT = (
    "config",
    "deploy",
    "Makefile",
    "requirements",
    "pyproject.toml",
)


@dataclass(frozen=True, slots=True)
class Call:
    """A recorded call of a fake program."""

    name: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join((self.name, *self.words))


class Terminal:
    """A simulated machine where the blocks of a page are typed one after the other."""

    def __init__(self, folder: Path) -> None:
        self.machine = folder / "machine"
        self.project = folder / "project"
        self._calls = folder / "calls"
        self._bin = folder / "bin"
        for path in (
            self._bin,
            self.project,
            self.machine / "etc/systemd/system",
            self.machine / "opt/doppel",
        ):
            path.mkdir(parents=True)
        for path in ("etc/cron.d", "usr/local/sbin", "var/lib/doppel"):
            (self.machine / path).mkdir(parents=True)
        for name in _PROJECT:
            source = ROOT / name
            (shutil.copytree if source.is_dir() else shutil.copy)(source, self.project / name)
        (self.project / "config/secrets.env").unlink(missing_ok=True)
        for name in REAL:
            found = shutil.which(name)
            assert found is not None, name
            (self._bin / name).symlink_to(found)
        for name, work in FAKES.items():
            (self._bin / name).write_text(f"{'#!/bin/bash' if name == 'sudo' else _NOTED}\n{work}\n")
            (self._bin / name).chmod(0o755)

    def type(self, block: Block) -> None:
        """Run the block in bash; every line has to succeed."""
        script = _MACHINE.sub(f"{self.machine}/", block.text)
        done = subprocess.run(
            [str(self._bin / "bash"), "-euo", "pipefail", "-c", script],
            check=False,
            cwd=self.project,
            env={
                "PATH": f"{self._bin}:{self.machine}/usr/local/sbin",
                "CALLS": str(self._calls),
                "HOME": os.devnull,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, f"{block} ends with {done.returncode}: {done.stderr}"

    def calls(self) -> list[Call]:
        """Return the calls of the fakes, with the paths of the page."""
        if not self._calls.exists():
            return []
        noted = self._calls.read_text().replace(f"{self.machine}/", "/").split("\t\n\n")
        return [Call(words[0], tuple(words[1:])) for each in noted if each and (words := each.split("\t\n"))]
