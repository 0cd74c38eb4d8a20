"""An error reaches its member in the same way, whatever they used: one sentence that only they can read."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import simcord

from tests.chat.admin_harness import Server, said
from tests.chat.orders.forms import FACE, MENU, TARGET, open_form
from tests.harness import Stage
from tests.wording import wording

Use = Callable[[Stage], Awaitable[simcord.InteractionResult]]


async def fail(*_: Any, **__: Any) -> None:
    raise RuntimeError("nobody foresaw this")


@pytest.fixture
def broken(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Makes the services raise that commands, buttons and forms call."""

    def break_services() -> None:
        orders = stage.app.client.orders
        monkeypatch.setattr(orders.order_handler, "handle", fail)
        monkeypatch.setattr(orders.access_guard, "may_use_pictures_of", fail)
        monkeypatch.setattr(stage.app.store, "balance", fail)
        monkeypatch.setattr(stage.app.client.admin.credit_admin, "recent_jobs", fail)

    return break_services


async def completed(stage: Stage) -> simcord.ResponseMessage:
    reply = await stage.order("faceswap-v5")
    await stage.finish(reply, "Completed")
    assert reply.result.response is not None
    return reply.result.response


async def deferred_command(stage: Stage) -> simcord.InteractionResult:
    return await stage.member.slash(stage.channel, "credits balance")


async def command(stage: Stage) -> simcord.InteractionResult:
    return await stage.member.slash(stage.channel, "faceswap-v5", **stage.files("faceswap-v5"))


async def menu(stage: Stage) -> simcord.InteractionResult:
    author = stage.another_member("author")
    message = await author.send(stage.channel, "look", attachments=[FACE])
    return await stage.member.context_menu(stage.channel, MENU, message)


async def form(stage: Stage) -> simcord.InteractionResult:
    values = {"face": FACE, "target": TARGET, "path": "fast"}
    return await stage.member.submit_modal(await open_form(stage), values)


USES: list[Use] = [deferred_command, command, menu, form]


@pytest.mark.parametrize("use", USES, ids=lambda use: use.__name__)
async def test_commands_menus_and_forms_report_an_error(
    stage: Stage, broken: Callable[[], None], use: Use
) -> None:
    broken()
    assert wording("refused.unexpected") in said(await use(stage))


async def test_a_button_and_the_form_behind_a_button_report_an_error(
    stage: Stage, broken: Callable[[], None]
) -> None:
    card = await completed(stage)
    edit = await stage.member.click(card, label="Edit")
    broken()
    assert wording("refused.unexpected") in said(await stage.member.click(card, label="Reroll"))
    assert wording("refused.unexpected") in said(
        await stage.member.submit_modal(edit, {"image_format": ["png"]})
    )


async def test_a_failing_autocomplete_is_logged_and_offers_nothing(
    server: Server, broken: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    """Discord has no place for an error there."""
    broken()
    assert await server.admin.autocomplete(server.channel, "admin refund", "job", "") == []
    assert "autocomplete" in caplog.text
    assert "nobody foresaw this" in caplog.text


async def test_an_error_after_a_deferred_reply_takes_the_place_of_the_reply(
    stage: Stage, broken: Callable[[], None]
) -> None:
    """A bot that a member brought along has only five follow-ups."""
    broken()
    await deferred_command(stage)
    assert {each.method for each in stage.env.http_requests if "/webhooks/" in each.path} == {"PATCH"}
