"""The command line reports each error in one sentence, never with a traceback."""

import importlib.util
import shlex
import socket
from pathlib import Path
from typing import Any

import discord
import pytest

from bot import __version__
from bot.__main__ import _parser, main  # pyright: ignore[reportPrivateUsage]
from tests.media.certificates import issue


@pytest.fixture(autouse=True)
def nothing_is_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty folder, and an environment without a token or a key."""
    monkeypatch.chdir(tmp_path)
    for name in ("DISCORD_TOKEN", "SEGMIND_API_KEY", "SEGMIND_BASE_URL", "DATABASE_URL"):
        monkeypatch.delenv(name, raising=False)


def sentence(capsys: pytest.CaptureFixture[str]) -> str:
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("doppel: ")
    assert line.endswith(".")
    return line


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.strip() == f"doppel {__version__}"


def test_without_a_command_the_help_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    assert "sandbox" in capsys.readouterr().out


COMMANDS = [
    "run",
    "check",
    "health",
    "pause",
    "resume",
    "credits",
    "forgive",
    "unknown",
    "backup",
    "restore",
    "detect",
]
ACTIONS = ["credits audit", "credits report", "credits grant"]


@pytest.mark.parametrize("command", [*COMMANDS, "sandbox", "segmind", *ACTIONS])
def test_the_help_of_a_command_has_a_sentence_and_a_valid_example(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    with pytest.raises(SystemExit):
        main([*command.split(), "--help"])
    _, sentence, *_, example = capsys.readouterr().out.strip().split("\n\n")
    assert sentence.endswith(".")
    words = shlex.split(example.removeprefix("Example: doppel "))
    assert words[: len(command.split())] == command.split()
    assert _parser().parse_args(words).entry


def test_without_a_token_nothing_starts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run"]) == 1
    assert "DISCORD_TOKEN" in sentence(capsys)


def test_without_a_key_nothing_starts(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "a.token.here")
    assert main(["run"]) == 1
    assert "SEGMIND_API_KEY" in sentence(capsys)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"CERTIFICATES": "chain.pem"}, "c2pa.key is not set, but the other one is"),
        ({"KEY": "key.pem"}, "c2pa.certificates is not set, but the other one is"),
        ({"CERTIFICATES": "chain.pem", "KEY": "gone.pem"}, "gone.pem cannot be read: No such file"),
        ({"CERTIFICATES": "key.pem", "KEY": "key.pem"}, "key.pem holds no certificates in PEM"),
    ],
)
def test_invalid_signing_keys_stop_the_start(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    given: dict[str, str],
    said: str,
) -> None:
    issue().write(tmp_path)
    monkeypatch.setenv("DISCORD_TOKEN", "a.token.here")
    monkeypatch.setenv("SEGMIND_API_KEY", "a-key")
    for name, value in given.items():
        monkeypatch.setenv(f"DOPPEL_C2PA__{name}", value)
    assert main(["run"]) == 1
    assert f"results cannot be signed: {said}" in sentence(capsys)
    assert not Path("var").exists()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("DOPPEL_JOBS__PER_MEMBER", "0", "DOPPEL_JOBS__PER_MEMBER"),
        ("DOPPEL_JOBS__PER_MEMBR", "1", "DOPPEL_JOBS__PER_MEMBER"),
        ("DOPPEL_CREDITS__PRICES", '{"faceswap-v6": 1}', "faceswap-v5"),
    ],
)
def test_a_wrong_setting_stops_the_start(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "a.token.here")
    monkeypatch.setenv("SEGMIND_API_KEY", "a-key")
    monkeypatch.setenv(name, value)
    assert main(["run"]) == 1
    assert said in sentence(capsys)


@pytest.mark.parametrize("command", ["sandbox", "segmind"])
def test_without_its_packages_the_sandbox_says_how_to_get_them(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    def find_spec(name: str, *others: Any) -> Any:
        return None if name == "cv2" else real(name, *others)

    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", find_spec)
    assert main([command]) == 1
    said = sentence(capsys)
    assert "cv2" in said
    assert "make sandbox" in said


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["sandbox", "--no-browser", "--port"], "is in use"), (["segmind", "--port"], "is in use")],
)
def test_a_port_that_is_in_use_is_named(
    capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert main([*arguments, str(taken.getsockname()[1])]) == 1
    assert said in sentence(capsys)


def test_check_exits_with_1_if_something_is_missing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEGMIND_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("DOPPEL_SEGMIND__RETRIES", "0")
    assert main(["check"]) == 1
    assert "NO  Discord's token" in capsys.readouterr().out


@pytest.mark.parametrize("key", ["s", "the-right-key"])
def test_check_without_a_network_says_so_at_once_and_shows_no_part_of_the_key(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    # Takes the connection but never answers the greeting, as a network that drops packets.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"https://127.0.0.1:{silent.getsockname()[1]}"
        monkeypatch.setenv("SEGMIND_BASE_URL", address)
        monkeypatch.setenv("SEGMIND_API_KEY", key)
        monkeypatch.setenv("DISCORD_TOKEN", "a.token.here")
        monkeypatch.setenv("DOPPEL_DISCORD__API", address)
        monkeypatch.setattr("bot.cli.check.CONNECT_TIMEOUT", 0.1)
        assert main(["check"]) == 1
    shown = capsys.readouterr().out
    assert "Discord cannot be reached" in shown
    assert "Segmind cannot be reached" in shown
    assert "***" not in shown


def test_importing_the_client_silences_the_warning_about_voice(caplog: pytest.LogCaptureFixture) -> None:
    importlib.import_module("bot.chat.client")
    discord.Client(intents=discord.Intents(guilds=True))
    assert caplog.records == []


def test_an_unreachable_discord_is_reported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("discord.http.Route.BASE", "")
    monkeypatch.setenv("DISCORD_TOKEN", "a.token.here")
    monkeypatch.setenv("SEGMIND_API_KEY", "a-key")
    monkeypatch.setenv("DOPPEL_DISCORD_API", "http://127.0.0.1:9/api/v10")
    assert main(["run"]) == 1
    assert "Discord cannot be reached" in capsys.readouterr().err


def test_files_are_for_their_owner_alone(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/data/doppel.db")
    monkeypatch.setenv("SEGMIND_BASE_URL", "http://127.0.0.1:9")
    # Neither a token nor a key is set, so this ends with an error after it made the database.
    assert main(["check"]) == 1
    assert main(["backup", str(tmp_path / "copy.db")]) == 0
    assert "files" in capsys.readouterr().out
    for path in (tmp_path / "data", *(tmp_path / "data").iterdir(), tmp_path / "copy.db"):
        assert not path.stat().st_mode & 0o077, path
