"""Takedown requests on both databases: found jobs, decisions that count once, reminders and sweeps."""

from dataclasses import replace

import pytest

from bot.ledger.ledger import AuditEntry
from bot.media.fingerprints import Fingerprint
from bot.media.types import DetectedMark
from bot.moderation.access import HOUR
from bot.moderation.takedowns import Claim, FoundJobs, TakedownOutcome, TakedownRequest
from bot.store import SqlStore
from bot.store.repositories import takedowns as rows
from tests.store.orders import HandClock, opened

CLAIM = Claim("A. Person", "a@example.org", "My face", "A. Person")
FILE = Fingerprint("f" * 64, (0b1111,))
# Two bits from the file.
COPY = Fingerprint("c" * 64, (0b1100,))
OTHER = Fingerprint("0" * 64, (2**64 - 1,))
ENTRY = AuditEntry("7", "takedown", {"number": 1})


async def asked(store: SqlStore, link: str = "") -> TakedownRequest:
    claim = replace(CLAIM, link=link)
    return await store.takedowns.add(claim, DetectedMark(None, FILE), hours=48)


async def test_a_request_finds_results_and_orders_with_copies_page_by_page(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "_PAGE", 2)
    for job_id, part, fingerprint in (
        ("a", "result", COPY),
        ("b", "result", OTHER),
        ("b", "source_image", FILE),
        ("c", "result", OTHER),
        ("d", "result", FILE),
        ("d", "target_image", FILE),
    ):
        await store.moderation.save_fingerprints(job_id, {part: fingerprint})
    request = await asked(store)
    assert await store.takedowns.find_jobs(request, 2) == FoundJobs(("a", "d"), ("b",))
    assert await store.takedowns.find_jobs(request, 1) == FoundJobs(("d",), ("b",))
    without_file = await store.takedowns.add(CLAIM, None, hours=48, jobs=["x"])
    assert await store.takedowns.find_jobs(without_file, 6) == FoundJobs(("x",))


async def test_a_link_names_jobs(store: SqlStore) -> None:
    linked, posted = await opened(store), await opened(store)
    # Jobs of the store's tests share a message, so this link names both of them.
    link = f"see https://ptb.discord.com/channels/1/2/{linked.place.message_id}?x"
    assert set((await asked(store, link)).jobs) == {linked.id, posted.id}
    await store.moderation.keep_post(posted.id, 5, 2**62)
    assert (await asked(store, f"https://discord.com/channels/@me/5/{2**62}")).jobs == (posted.id,)
    for link in ("https://discord.com/channels/1/2/9999999999999999999", "https://example.org/1/2/3", "\0"):
        assert (await asked(store, link)).jobs == ()


async def test_a_removal_bans_and_withholds_once_and_in_one_transaction(store: SqlStore) -> None:
    await store.moderation.save_fingerprints("named", {"result": COPY, "source_image": OTHER})
    meme = Fingerprint("e" * 64, (0xABCDEF,))
    await store.moderation.save_fingerprints("using", {"source_image": FILE, "target_image": meme})
    request = await asked(store)
    found = FoundJobs(("named",), ("using",))
    assert await store.takedowns.grant(request, found, "7", ENTRY)
    assert not await store.takedowns.grant(request, found, "8", ENTRY)
    assert not await store.takedowns.decline(request, ENTRY)
    listed = await store.moderation.find_banned([each.exact for each in (FILE, COPY, OTHER, meme)], None)
    assert listed.exact == {FILE.exact, COPY.exact, OTHER.exact}
    for job_id in found.all:
        assert await store.moderation.is_taken_down(job_id)
    assert len(await store.audit_entries(None)) == 1
    decided = await store.takedowns.find(request.reference)
    assert decided is not None
    assert decided.outcome is TakedownOutcome.REMOVED
    assert await store.takedowns.undecided() == []


async def test_reminders_come_at_once_at_half_time_and_when_it_is_due(
    store: SqlStore, clock: HandClock
) -> None:
    request = await asked(store)
    assert request.due_at == request.received_at + 48 * HOUR
    for _ in range(3):
        assert [each.number for each in await store.takedowns.claim_reminders(clock.now())] == [
            request.number
        ]
        assert await store.takedowns.claim_reminders(clock.now()) == []
        clock.advance(24 * HOUR + 1)
    assert await store.takedowns.decline(request, ENTRY)
    assert await store.takedowns.claim_reminders(clock.now()) == []


async def test_messages_are_deleted_until_none_is_left_and_the_request_is_forgotten_later(
    store: SqlStore, clock: HandClock
) -> None:
    request = await asked(store)
    await store.takedowns.grant(request, FoundJobs(), "7", ENTRY)
    (sweeping,) = await store.takedowns.to_sweep(clock.now())
    clock.advance(60)

    async def tidy() -> None:
        await store.member_data.delete_old_records(fingerprints_before=clock.now(), strikes_before=0)

    await store.takedowns.sweep_again(sweeping.number, clock.now() + 60)
    assert await store.takedowns.to_sweep(clock.now()) == []
    await tidy()
    assert await store.takedowns.find(request.reference) is not None
    await store.takedowns.sweep_again(sweeping.number, None)
    waiting = await asked(store)
    await tidy()
    assert await store.takedowns.find(request.reference) is None
    assert await store.takedowns.find(waiting.reference) is not None
    assert "Person" not in repr(waiting)
