"""`doppel forgive` next to a running bot."""

import asyncio
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.cli.operator import forgive
from bot.clock import WallClock
from bot.media.fingerprints import Fingerprint
from bot.store import SqlStore
from tests.cli.conftest import settings_of
from tests.store.orders import START

EXACT = "a" * 64
GUILD = 1


async def listed(store: SqlStore) -> list[bool]:
    """Bans of the picture: in all servers, and in the one that has a list of its own."""
    return [bool((await store.moderation.find_banned([EXACT], guild_id)).exact) for guild_id in (None, GUILD)]


async def ban_everywhere(store: SqlStore) -> None:
    """Ban the same picture in all servers, and in one that has a list of its own."""
    await store.moderation.ban_fingerprints([Fingerprint(EXACT, (7,))], None, "job")
    await store.moderation.ban_fingerprints([Fingerprint(EXACT, (7,))], GUILD, "job")


async def test_fingerprints_leave_the_list_of_all_servers_while_the_bot_runs(url: str) -> None:
    async with SqlStore(url, start=START, clock=WallClock()) as store:
        await ban_everywhere(store)
        assert await listed(store) == [True, True]
        assert await forgive("another", settings_of(url), WallClock()) == 0
        assert await forgive("job", settings_of(url), WallClock()) == 2
        # A server's own list is its moderators'.
        assert await listed(store) == [False, True]
        (audit_entry,) = await store.audit_entries(None)
        assert (audit_entry.actor, audit_entry.action, dict(audit_entry.facts)) == (
            "operator",
            "again",
            {"job": "job"},
        )


def test_it_reports_how_many_fingerprints_it_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite:///{tmp_path}/doppel.db"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", url)
    assert main(["forgive", "job"]) == 1
    assert "there is no file" in capsys.readouterr().err

    async def prepare() -> None:
        async with SqlStore(url, start=START, clock=WallClock()) as store:
            await ban_everywhere(store)

    asyncio.run(prepare())
    assert main(["forgive", "job"]) == 0
    assert "The pictures of the job job are allowed again: 2 fingerprints" in capsys.readouterr().out
    assert main(["forgive", "job"]) == 1
    assert "no picture of this job is on the list for all servers" in capsys.readouterr().err
