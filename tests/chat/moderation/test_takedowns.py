"""A person without an account has a picture taken down: from the public form to all servers."""

import html
import re
import time
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import aiohttp
import pytest
import simcord
from PIL import Image

from bot.chat.moderation.operator_alerts import OperatorAlerts
from bot.chat.moderation.takedown_card import TakedownButton
from bot.chat.moderation.takedowns import GIVE_UP, RETRY, SETTLED, TakedownService
from bot.chat.text import Text
from bot.jobs.job import Job
from bot.moderation.access import HOUR
from tests.chat.admin_harness import Server, elsewhere
from tests.chat.moderation.reports import latest, report, said_in
from tests.clocks import HeldClock
from tests.harness import Reply, Stage, eventually
from tests.media import files, reencoding
from tests.samples import SAMPLES
from tests.wording import wording

PHOTO = (SAMPLES / "face_a.jpg").read_bytes()
OTHERS = [(SAMPLES / name).read_bytes() for name in ("face_b.jpg", "face_c.jpg")]
CLAIM = {
    "name": "A. Person",
    "contact": "person@example.org",
    "statement": "This is my face, and I never agreed.",
    "signature": "A. Person",
    "oath": "yes",
}
FORM = {"takedown": {"listen": "127.0.0.1:0", "contact": "mail@example.org"}}
SERVED = pytest.mark.stage(**FORM)
MARKED = pytest.mark.stage(marks={"watermark": True}, **FORM)


def reencoded(content: bytes) -> bytes:
    """The picture as somebody else would send it: scaled, and compressed again."""
    with Image.open(BytesIO(content)) as image:
        return files.saved(image.convert("RGB").resize((image.width // 2, image.height // 2)), "JPEG")


class Outsider:
    """Somebody with a browser and without an account."""

    def __init__(self, stage: Stage) -> None:
        assert stage.app.takedown_form_at is not None
        self.address = stage.app.takedown_form_at

    async def posts(
        self,
        fields: Mapping[str, str],
        content: bytes | None = None,
        path: str = "/",
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, str]:
        form = aiohttp.FormData(dict(fields))
        if content is not None:
            form.add_field("file", BytesIO(content), filename="picture.jpg", content_type="image/jpeg")
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{self.address}{path}", data=form, headers=headers) as response,
        ):
            return response.status, await response.text()

    async def asks(self, content: bytes | None = None, **fields: str) -> str:
        """Send the form and return the reference."""
        status, page = await self.posts(CLAIM | fields, content)
        assert status == 200, page
        (reference,) = re.findall(r"<code>([0-9A-Z-]+)</code>", page)
        return reference

    async def looks_up(self, reference: str) -> str:
        return (await self.posts({"reference": reference}, path="/status"))[1]


@pytest.fixture
def outsider(stage: Stage) -> Outsider:
    return Outsider(stage)


@pytest.fixture
def service(stage: Stage) -> TakedownService:
    found = getattr(stage.app.client.handler_of(TakedownButton), "__self__", None)
    assert isinstance(found, TakedownService)
    return found


@pytest.fixture
def operator(stage: Stage, service: TakedownService, monkeypatch: pytest.MonkeyPatch) -> simcord.UserHandle:
    """Make a user an operator: the simulated Discord creates ids only once the bot has started."""
    app, user = stage.app, stage.env.create_user("operator")
    stage.guild.add_member(user)
    alerts = OperatorAlerts([user.id], client=app.client, background=app.background, text=Text.load())
    monkeypatch.setattr(service, "_operators", [user.id])
    monkeypatch.setattr(service, "_tell_operators", alerts.send_card)
    return user


def own_clock(service: TakedownService, monkeypatch: pytest.MonkeyPatch) -> HeldClock:
    """Give the service a clock that the test moves, ahead of everything that has happened."""
    clock = HeldClock(time.time() + 1)
    monkeypatch.setattr(service, "_clock", clock)
    return clock


async def make_result(server: Server, **options: Any) -> tuple[Reply, Job]:
    given = server.stage.files("faceswap-v5") | options
    reply = Reply(server.stage.env, await server.member.slash(server.channel, "faceswap-v5", **given))
    await server.stage.finish(reply, "Completed")
    return reply, await server.stage.wait_until_told(reply)


def is_shown(server: Server, message_id: int) -> bool:
    return any(each.id == message_id for each in server.channel.history())


@SERVED
async def test_an_outsider_has_a_picture_removed_in_two_servers(
    server: Server, outsider: Outsider, service: TakedownService, operator: simcord.UserHandle
) -> None:
    stage, other = server.stage, elsewhere(server.stage)
    shown, first = await make_result(
        server, source_image=("me.jpg", PHOTO), target_image=("b.jpg", OTHERS[0])
    )
    _, second = await make_result(
        other, source_image=("me.jpg", reencoded(PHOTO)), target_image=("c.jpg", OTHERS[1])
    )
    _, unrelated = await make_result(server)

    log = server.guild.create_text_channel("mod-log")
    await server.tell("log", channel=log)
    await report(server, shown, stage.another_member("witness"))
    await latest(log, "Report 1")

    reference = await outsider.asks(reencoded(PHOTO))
    assert "decided yet, and has until" in await outsider.looks_up(reference)
    await service.run_once()
    card = await latest(operator.dm_channel, "Takedown request 1", "It matches 2 orders")
    assert CLAIM["statement"] in "\n".join(said_in(card))
    assert CLAIM["contact"] not in "\n".join(said_in(card))
    assert is_shown(server, first.place.message_id)
    await operator.click(card, label="Remove everywhere")
    await latest(operator.dm_channel, "Takedown request 1", "Removed everywhere")

    await eventually(
        lambda: not is_shown(server, first.place.message_id), lambda: "the first message is deleted"
    )
    await eventually(
        lambda: not is_shown(other, second.place.message_id), lambda: "the second message is deleted"
    )
    # The card of an open report shows the picture, too.
    await eventually(lambda: not log.history(), lambda: "the card of the report is deleted")
    assert await stage.app.store.cases.find_open([first.id]) == []
    assert is_shown(server, unrelated.place.message_id)
    assert "It was removed on" in await outsider.looks_up(reference.lower())
    for place, copy in ((server, PHOTO), (other, reencoded(PHOTO))):
        given = stage.files("faceswap-v5") | {"target_image": ("again.jpg", copy)}
        reply = Reply(stage.env, await place.member.slash(place.channel, "faceswap-v5", **given))
        await reply.refused(wording("refused.never_again"))
    store = stage.app.store
    for job in (first, second):
        assert await store.moderation.is_taken_down(job.id)
        result = (await store.moderation.fingerprints_of(job.id))["result"]
        assert (await store.moderation.find_banned([result.exact], None)).exact == {result.exact}
    (entry,) = await store.audit_entries(None)
    assert (entry.actor, entry.action) == (str(operator.id), "takedown")
    assert dict(entry.facts) == {"number": 1, "outcome": "removed"}


@MARKED
async def test_a_screenshot_of_a_result_finds_its_order_by_the_watermark(
    server: Server, outsider: Outsider, service: TakedownService, operator: simcord.UserHandle
) -> None:
    stage = server.stage
    reply, job = await make_result(server, source_image=("b.jpg", OTHERS[0]), target_image=("me.jpg", PHOTO))
    with Image.open(BytesIO(await reply.attachments[0].read())) as image:
        screenshot = reencoding.cropped(image.convert("RGB"))
    await outsider.asks(screenshot)
    await service.run_once()
    await operator.click(await latest(operator.dm_channel, "It matches one order"), label="Remove everywhere")
    await eventually(lambda: not is_shown(server, job.place.message_id), lambda: "the message is deleted")
    # The pictures that a named order was made from are refused, too.
    await (await stage.order("faceswap-v5", source_image=("b.jpg", OTHERS[0]))).refused(
        wording("refused.never_again")
    )


@SERVED
async def test_a_link_names_an_order_and_a_declined_request_changes_nothing(
    server: Server,
    outsider: Outsider,
    service: TakedownService,
    operator: simcord.UserHandle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reply, job = await make_result(server)
    link = f"https://discord.com/channels/{server.guild.id}/{server.channel.id}/{reply.id}"
    reference = await outsider.asks(link=link)
    await service.run_once()
    card = await latest(operator.dm_channel, link, "It matches one order")
    with monkeypatch.context() as nobody:
        nobody.setattr(service, "_operators", [])
        await operator.click(card, label="Remove everywhere")
    assert "decided yet, and has until" in await outsider.looks_up(reference)
    await operator.click(card, label="Decline")
    await latest(operator.dm_channel, "Declined")
    assert "declined the request on" in await outsider.looks_up(reference)
    await service.run_once()
    assert is_shown(server, job.place.message_id)


@SERVED
async def test_operators_are_reminded_until_they_decide(
    stage: Stage,
    outsider: Outsider,
    service: TakedownService,
    operator: simcord.UserHandle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = own_clock(service, monkeypatch)
    await outsider.asks(link="https://example.org/me.jpg")

    direct = operator.dm_channel
    for number in (1, 2, 3):
        await service.run_once()
        await eventually(lambda n=number: len(direct.history()) == n, lambda: "the operator is told")
        assert await stage.app.store.takedowns.claim_reminders(clock.now()) == []
        clock.move(24 * HOUR + 1)
    await operator.click(await latest(direct, wording("takedown.found_none")), label="Decline")
    await latest(direct, "Declined")
    assert await stage.app.store.takedowns.claim_reminders(clock.now() + 99 * HOUR) == []


@SERVED
async def test_operators_hear_of_messages_that_cannot_be_deleted(
    server: Server,
    outsider: Outsider,
    service: TakedownService,
    operator: simcord.UserHandle,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reply, _ = await make_result(server)
    address = f"https://discord.com/channels/{server.guild.id}/{server.channel.id}/{reply.id}"
    await outsider.asks(link=address)
    await service.run_once()
    attempts: list[object] = []

    async def closed(place: object) -> bool:
        attempts.append(place)
        return False

    monkeypatch.setattr(service, "_messages", type("Closed", (), {"delete": staticmethod(closed)}))
    await operator.click(await latest(operator.dm_channel, "It matches"), label="Remove everywhere")
    await eventually(lambda: attempts, lambda: "it tried at once")
    store, clock = server.stage.app.store.takedowns, own_clock(service, monkeypatch)
    for seconds in (SETTLED, RETRY, GIVE_UP):
        clock.move(seconds + 1)
        await service.run_once()
    await latest(operator.dm_channel, "couldn't delete these messages", address)
    assert await store.to_sweep(clock.now() + GIVE_UP) == []


@SERVED
async def test_the_form_says_what_is_wrong_and_keeps_what_was_typed(stage: Stage, outsider: Outsider) -> None:
    typed = CLAIM | {"name": '<b>"A"</b>', "link": "https://example.org"}

    async def answer(content: bytes | None = None, **changed: str) -> tuple[int, str]:
        status, page = await outsider.posts(typed | changed, content)
        assert "&lt;b&gt;&quot;A&quot;&lt;/b&gt;" in page
        assert "<b>" not in page
        return status, html.unescape(page)

    for status, words, content, changed in (
        (400, "confirm the declaration", None, {"oath": ""}),
        (400, "fill in every field", None, {"signature": " "}),
        (400, wording("takedown_form.nothing"), None, {"link": ""}),
        (400, wording("takedown_form.unreadable"), b"GIF89a broken", {}),
    ):
        found, page = await answer(content, **changed)
        assert (found, words in page) == (status, True), page
        assert "mail@example.org" in page
    status, page = await outsider.posts(CLAIM, b"x" * 21 * 2**20)
    assert (status, "too large" in page) == (413, True)
    assert await stage.app.store.takedowns.undecided() == []


@SERVED
async def test_strangers_cannot_flood_search_or_be_used_by_other_sites(
    outsider: Outsider, caplog: pytest.LogCaptureFixture
) -> None:
    status, page = await outsider.posts(CLAIM, headers={"Origin": "https://evil.example"})
    assert (status, "another website" in page) == (403, True)
    link = "https://discord.com/channels/1/2/3"
    references = {await outsider.asks(link=link) for _ in range(5)}
    assert len(references) == 5
    status, page = await outsider.posts(CLAIM | {"link": link})
    assert (status, "try again later" in page) == (429, True)
    status, page = await outsider.posts({"reference": "AAAA-BBBB-CCCC-DDDD"}, path="/status")
    assert (status, "no such request" in page) == (404, True)
    assert not any(words in caplog.text for words in (CLAIM["contact"], CLAIM["statement"], link))


@SERVED
async def test_the_form_speaks_the_language_of_the_browser_and_serves_nothing_else(
    outsider: Outsider,
) -> None:
    async with aiohttp.ClientSession() as session:

        async def get(path: str, language: str = "") -> tuple[int, str, str]:
            async with session.get(outsider.address + path, headers={"Accept-Language": language}) as got:
                return got.status, await got.text(), got.headers.get("Content-Security-Policy", "")

        _, page, policy = await get("/", "xx, de-AT;q=0.9, en;q=0.8")
        assert '<html lang="de">' in page
        assert "Ein Bild entfernen lassen" in page
        assert "default-src 'none'" in policy
        assert (await get("/", "tlh"))[1].count("Ask for a picture to be removed") == 2
        assert (await get("/form.css"))[0] == 200
        for path in ("/metrics", "/healthz", "/figures", "/files/form.html"):
            assert (await get(path))[0] == 404
