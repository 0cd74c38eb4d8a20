"""Checks of commands in the pages that the tests do not run: files, services and options must exist."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import takewhile
from typing import Any

import yaml

from bot.__main__ import _parser  # pyright: ignore[reportPrivateUsage]
from tests.docs.pages import ROOT
from tests.docs.terminal import Call

# Files that run each target of `make`, because it takes minutes, a browser or a network.
MAKE = {
    "sandbox": "tests/sandbox/test_terminal.py",
    "test": ".ci/run",
    "coverage": "Makefile",
    "quick": ".ci/pythons",
    "prove-locks": ".ci/run",
    "lint": ".ci/run",
    "venv": "Makefile",
    "chaos": "tests/chaos/test_scenarios.py",
    "fuzz": "tests/fuzz/test_fuzz.py",
    "bench": "tests/bench/__main__.py",
    "pictures": "tests/browser/pictures.py",
    "faces-gallery": "tests/sandbox/gallery.py",
    "lock": "tests/test_supply.py",
    "audit": "Makefile",
    "docs": ".ci/run",
    "release-check": "Makefile",
    "schema": "tests/store/backend/test_releases.py",
    "tables": "tests/docs/test_sixth_model.py",
}
# Tests of the commands that need Discord, Segmind or a running bot; all others run here.
DOPPEL = {
    "run": "tests/cli/test_run.py",
    "check": "tests/cli/test_check.py",
    "detect": "tests/cli/test_detect.py",
    "forgive": "tests/cli/test_forgive.py",
    "health": "tests/ops/test_health.py",
    "pause": "tests/cli/test_pause.py",
    "resume": "tests/cli/test_pause.py",
    "sandbox": "tests/sandbox/test_terminal.py",
    "segmind": "tests/sandbox/test_terminal.py",
    "takedown": "tests/cli/test_takedown.py",
    "unknown": "tests/cli/test_unknown.py",
}
# Services by compose file; `docker compose` reads the first one by itself.
COMPOSE: Mapping[str, Mapping[str, dict[str, Any]]] = {
    name: yaml.safe_load((ROOT / "deploy" / name).read_text())["services"]
    for name in ("compose.yaml", "compose.scaled.yaml")
}
# The options of `docker compose` that the pages use, by its command.
COMPOSE_OPTIONS = {
    "up": {"--detach", "--build"},
    "ps": set[str](),
    "logs": {"--since"},
    "stop": set[str](),
    "restart": set[str](),
    "pull": set[str](),
    "build": set[str](),
    "exec": {"-T"},
    "run": {"--rm"},
    "cp": set[str](),
}
UNIT = (ROOT / "deploy/doppel.service").read_text()


def understood(words: Sequence[str]) -> None:
    """Parse the words as the program does; it exits with 2 for unknown ones."""
    _parser().parse_args(list(words))


def of_service(words: Sequence[str]) -> tuple[str, ...]:
    """Return the arguments of `doppel` in a command of systemd."""
    return tuple(words[words.index("/opt/doppel/.venv/bin/doppel") + 1 :])


def _make(call: Call) -> None:
    assert call.words[0] in MAKE, str(call)


def _service(call: Call) -> None:
    command, *rest = call.words
    assert command in {"daemon-reload", "enable", "start", "stop", "restart", "status"}, str(call)
    assert set(rest) <= {"--now", "doppel.service"}, str(call)


def _log(call: Call) -> None:
    assert call.words[0] == "--unit=doppel.service"
    assert all(word.startswith("--since=") for word in call.words[1:]), str(call)


def _as_service(call: Call) -> None:
    """Check that the command runs as the unit's user, with its files and program."""
    said = " ".join(call.words)
    (started,) = re.findall(r"(?m)^ExecStart=(.+) run$", UNIT)
    assert started.replace("${STATE_DIRECTORY}", "/var/lib/doppel") in said
    for line in (f"--uid={_unit('User')}", f"--gid={_unit('Group')}", f"--property=UMask={_unit('UMask')}"):
        assert line in call.words
    assert f"--property=EnvironmentFile={_unit('EnvironmentFile')}" in call.words
    (config,) = re.findall(r"(?m)^Environment=(DOPPEL_CONFIG=\S+)$", UNIT)
    assert f"--setenv={config}" in call.words
    understood(of_service(call.words))


def _unit(key: str) -> str:
    (value,) = re.findall(rf"(?m)^{key}=(.+)$", UNIT)
    return value


def _docker(call: Call) -> None:
    compose, *words = call.words
    assert compose == "compose", str(call)
    file, command, rest = of_compose(words)
    services = COMPOSE[file]
    options = list(takewhile(lambda word: word.startswith("-"), rest))
    assert {option.partition("=")[0] for option in options} <= COMPOSE_OPTIONS[command], str(call)
    named = rest[len(options) :]
    if command in {"exec", "run"}:
        service, *inside = named
        _in_container(services[service], inside if command == "exec" else ["doppel", *inside])
        named = [service]
    elif command == "cp":
        named = [word.partition(":")[0] for word in named if ":" in word]
    assert set(named) <= services.keys(), str(call)


def of_compose(words: Sequence[str]) -> tuple[str, str, Sequence[str]]:
    """Return the file, the command and its arguments of a call of `docker compose`."""
    file = "compose.yaml"
    if words[0] == "--file":
        _, file, *words = words
    return file, words[0], words[1:]


def _in_container(service: Mapping[str, Any], words: Sequence[str]) -> None:
    program, *rest = words
    if "image" not in service:
        assert program == "doppel"
        understood(rest)
        return
    environment = service["environment"]
    assert program in {"pg_dump", "pg_restore", "psql"}
    assert f"--username={environment['POSTGRES_USER']}" in rest
    assert environment["POSTGRES_DB"] in rest or f"--dbname={environment['POSTGRES_DB']}" in rest


def _installs(call: Call) -> None:
    script, venv, lock = call.words
    assert venv in {"/opt/doppel/.venv", ".venv"}
    for path in (script.removeprefix("/opt/doppel/"), f"requirements/{lock}.lock"):
        assert (ROOT / path).exists(), str(call)


def _pytest(call: Call) -> None:
    for word in call.words:
        assert (ROOT / word).exists(), str(call)


def _asked(call: Call) -> None:
    served = (ROOT / "bot/ops/web.py").read_text()
    addresses = [word for word in call.words if word.startswith("http")]
    assert addresses, str(call)
    for address in addresses:
        assert address.startswith("http://127.0.0.1:9100/"), str(call)
        assert f'"{address.removeprefix("http://127.0.0.1:9100")}"' in served, str(call)


def _random(call: Call) -> None:
    what, form, count = call.words
    assert (what, form) in {("rand", "-hex"), ("rand", "-base64")}, str(call)
    assert int(count) >= 16, str(call)


def _known(_: Call) -> None:
    """Accept a command that names nothing of the project."""


CHECKS: Mapping[str, Callable[[Call], None]] = {
    "make": _make,
    "systemctl": _service,
    "journalctl": _log,
    "systemd-run": _as_service,
    "docker": _docker,
    "pytest": _pytest,
    "curl": _asked,
    "doppel": lambda call: understood(call.words),
    "apt-get": _known,
    "useradd": _known,
    "git": _known,
    "ssh": _known,
    "openssl": _random,
    "python3": _installs,
    "nano": _known,
}
