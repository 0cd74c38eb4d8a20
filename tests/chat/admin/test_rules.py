"""Models that a server switches off, and limits that it sets below the operator's."""

from bot.ledger.server_rules import LIMIT_NAMES, MIB, ServerRules
from tests.chat.admin_harness import Server
from tests.media.files import picture
from tests.segmind_docs import MODELS
from tests.wording import wording


async def test_a_model_is_switched_off_and_on_again(server: Server) -> None:
    assert "Face swap v5 is now off." in await server.tell("models", model="faceswap-v5", on=False)
    words = await server.tell("models")
    assert "**Off** · Face swap v5 · `faceswap-v5`" in words
    assert words.count("**On**") == len(MODELS) - 1
    await (await server.stage.order("faceswap-v5")).refused(wording("refused.model_off"))
    assert "Face swap v5 is now on." in await server.tell("models", model="faceswap-v5", on=True)
    await (await server.stage.order("faceswap-v5")).says("Queued")
    assert [facts for _, _, facts in await server.audit_entries()] == [
        {"model": "faceswap-v5", "on": False},
        {"model": "faceswap-v5", "on": True},
    ]


async def test_an_unknown_model_cannot_be_switched(server: Server) -> None:
    assert "no such model" in await server.tell("models", model="faceswap-v9", on=False)
    assert await server.rules() == ServerRules()


async def test_models_are_offered_by_any_word_of_their_title(server: Server) -> None:
    found = await server.admin.autocomplete(server.channel, "admin models", "model", "comic")
    assert [choice["value"] for choice in found] == ["faceswap-comic"]


OPERATORS = {"per_member": 2, "per_server": 20, "video_seconds": 60, "picture_bytes": 20, "video_bytes": 100}


async def test_a_limit_is_set_up_to_the_operators_and_unset(server: Server) -> None:
    assert set(OPERATORS) == set(LIMIT_NAMES)
    for limit, maximum in OPERATORS.items():
        scale = MIB if limit.endswith("_bytes") else 1
        for amount in (1, maximum):
            assert "The limit for" in await server.tell("limits", limit=limit, amount=amount)
            assert (await server.rules()).limits == {limit: amount * scale}
        reply = await server.tell("limits", limit=limit, amount=maximum + 1)
        assert f"is {maximum}" in reply
        assert wording("bound.limit") in reply
        assert (await server.rules()).limits == {limit: maximum * scale}
        assert "was reset to the operator's." in await server.tell("limits", limit=limit, reset=True)
        assert (await server.rules()).limits == {}
    assert len(await server.audit_entries()) == 3 * len(OPERATORS)


async def test_limits_are_shown_beside_the_operators(server: Server) -> None:
    await server.tell("limits", limit="video_seconds", amount=10)
    await server.tell("limits", limit="per_member", amount=1)
    words = await server.tell("limits")
    assert "video length: **10 s** (operator's limit: 60 s)" in words
    assert "simultaneous jobs per member: **1 job** (operator's limit: 2 jobs)" in words
    assert "picture size: **20 MiB** (operator's limit: 20 MiB)" in words


async def test_a_servers_limit_rejects_larger_pictures(server: Server) -> None:
    await server.tell("limits", limit="picture_bytes", amount=1)
    large = ("large.png", picture("PNG") + bytes(MIB))
    await (await server.stage.order("faceswap-v5", source_image=large)).refused("the limit here is 1 MiB")


async def test_a_waiting_job_continues_when_the_limit_is_lifted(server: Server) -> None:
    await server.tell("limits", limit="per_member", amount=1)
    await (await server.stage.order("faceswap-v5")).says("Queued")
    waiting = await server.stage.order("faceswap-v5")
    await waiting.says("Waiting in line")
    await server.tell("limits", limit="per_member", reset=True)
    await waiting.says("Queued")
