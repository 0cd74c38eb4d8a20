"""Each member is answered in their own language, whatever kind of interaction they use."""

from unicodedata import east_asian_width

import pytest

from tests.chat.admin_harness import Server, said
from tests.harness import Reply, Stage, texts
from tests.interactions import Arrivals
from tests.wording import wording


@pytest.fixture
def arrivals(stage: Stage) -> Arrivals:
    return Arrivals(stage)


async def test_a_whole_order_is_shown_in_german(stage: Stage, arrivals: Arrivals) -> None:
    arrivals.speaks(stage.member.id, "de")
    reply = await stage.order("faceswap-v5")
    await reply.says("Eingereiht", "an Segmind gesendet", "5 Credits · du zahlst nur")
    await stage.finish(reply, "Fertig", "KI-generiert · 5 Credits")
    (attachment,) = reply.attachments
    assert attachment.description is not None
    assert attachment.description.startswith("KI-generiertes Bild")
    assert not any("Queued" in edit or "Completed" in edit for edit in reply.edits)


async def test_a_job_keeps_the_language_of_its_order(stage: Stage, arrivals: Arrivals) -> None:
    arrivals.speaks(stage.member.id, "ja")
    reply = await stage.order("faceswap-v5")
    await reply.says("待機中")
    assert (await stage.job(reply)).place.locale == "ja"
    await stage.finish(reply, "完了", "AI生成 · 5クレジット")


async def test_members_of_one_channel_each_get_their_own_language(stage: Stage, arrivals: Arrivals) -> None:
    speakers = {
        "fr": "En attente",
        "pt-BR": wording("state.queued", "pt"),
        "es-419": wording("state.queued", "es"),
        "en-GB": "Queued",
        "tr": "Queued",
    }
    members = {locale: stage.another_member(f"member-{locale.lower()}") for locale in speakers}
    for locale, member in members.items():
        arrivals.speaks(member.id, locale)
    for locale, member in members.items():
        await (await stage.order_as(member, "faceswap-v5")).says(speakers[locale])


async def test_an_error_is_worded_in_the_members_language(stage: Stage, arrivals: Arrivals) -> None:
    arrivals.speaks(stage.member.id, "fr")
    reply = await stage.order("faceswap-v5", source_image=("a.png", b"no picture"))
    await reply.refused("n'est ni une image ni une vidéo")


@pytest.mark.stage(credits={"start": 3})
async def test_a_price_is_shown_in_the_members_language(stage: Stage, arrivals: Arrivals) -> None:
    arrivals.speaks(stage.member.id, "es-ES")
    await (await stage.order("faceswap-v5")).refused("Necesitas 5 créditos, pero tienes 3 créditos.")


async def test_commands_and_their_checks_answer_in_the_members_language(
    server: Server, arrivals: Arrivals
) -> None:
    arrivals.speaks(server.member.id, "pt-BR")
    assert "**100 créditos** disponíveis" in await server.balance()
    await server.show_to(server.member)
    assert "**Gerenciar servidor**" in await server.ask(server.member, "admin changes")
    assert "credits" in await server.tell("credits show")


async def test_autocomplete_uses_the_members_language(server: Server, arrivals: Arrivals) -> None:
    await server.job_done()
    arrivals.speaks(server.admin.id, "de")
    (offered,) = await server.admin.autocomplete(server.channel, "admin refund", "job", "")
    assert "· ✅ Fertig ·" in offered["name"]


async def test_a_button_answers_in_the_language_of_the_member_who_pressed_it(
    stage: Stage, arrivals: Arrivals
) -> None:
    """The order stays German, and the error is Japanese."""
    other = stage.another_member("hanako")
    arrivals.speaks(stage.member.id, "de")
    arrivals.speaks(other.id, "ja")
    reply = await stage.order("faceswap-v5")
    await stage.finish(reply, "Fertig")
    shown = reply.result.response
    assert shown is not None
    assert "これができるのは注文した人だけ" in said(await other.click(shown, label="Löschen"))
    assert wording("report.title", "ja") in str((await other.click(shown, label="Melden")).modal)
    assert "Fertig" in reply.text


async def test_ordering_again_uses_the_language_of_the_member_who_pressed(
    stage: Stage, arrivals: Arrivals
) -> None:
    arrivals.speaks(stage.member.id, "fr")
    first = await stage.order("faceswap-v5")
    await stage.finish(first, "Terminé")
    assert first.result.response is not None
    arrivals.speaks(stage.member.id, "de")
    again = Reply(stage.env, await stage.member.click(first.result.response, label="Relancer"))
    await again.says("Eingereiht")


async def test_the_pages_of_a_list_are_in_the_readers_language(server: Server, arrivals: Arrivals) -> None:
    arrivals.speaks(server.admin.id, "de")
    for _ in range(11):
        await server.tell("credits cap", amount=500)
    asked = await server.admin.slash(server.channel, "admin changes")
    assert "Obergrenze des Monats ist jetzt 500 Credits" in said(asked)
    assert asked.response is not None
    turned = await server.admin.click(asked.response, label="Ältere")
    assert turned.response is not None
    assert "Änderungen" in "\n".join(texts(turned.response.components))


@pytest.mark.stage(consent={"required": True})
async def test_consent_is_asked_for_in_the_members_language(stage: Stage, arrivals: Arrivals) -> None:
    arrivals.speaks(stage.member.id, "es-419")
    asked = await stage.member.slash(stage.channel, "faceswap-v5", **stage.files("faceswap-v5"))
    assert "el consentimiento de todas las personas" in said(asked)
    assert asked.response is not None
    order = Reply(stage.env, await stage.member.click(asked.response, label="Acepto"))
    await order.says(wording("state.queued", "es"))


async def test_columns_are_aligned_in_japanese(server: Server, arrivals: Arrivals) -> None:
    arrivals.speaks(server.admin.id, "ja")
    await server.job_done()
    table = (await server.tell("spend", days=7)).split("```")[1].strip("\n").splitlines()
    assert "クレジット" in table[0]
    widths = {sum(2 if east_asian_width(letter) in "WF" else 1 for letter in line) for line in table}
    assert len(widths) == 1
