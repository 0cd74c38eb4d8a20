"""The whole sandbox: real HTTP on both sides, a simulated Discord and the local Segmind."""

from pathlib import Path

import pytest

from bot.ledger.account import Member
from bot.sandbox.app import Sandbox, SandboxOptions, open_sandbox
from bot.sandbox.errors import SandboxError
from bot.sandbox.welcome import OUTCOMES_BY_NAME, samples
from tests.sandbox.photos import face_and_target
from tests.sandbox.visitor import AGREED, Visitor, words_of

pytestmark = pytest.mark.asyncio(loop_scope="module")

COMMANDS = {"credits balance", "credits history", "credits prices", "face save", "face list", "jobs", "swap"}


async def free(sandbox: Sandbox) -> int:
    member = Member(sandbox.guild.member.id, sandbox.guild.id)
    job_service = sandbox.app.engine.job_service
    return (await job_service.balance(member, await job_service.terms(member))).free


async def test_the_first_message_names_every_command_and_shows_the_samples(
    sandbox: Sandbox, visitor: Visitor, folder: Path
) -> None:
    welcome = words_of(await visitor.state())[0]
    for slug in sandbox.app.models:
        assert f"/{slug}" in welcome
    assert str(folder / "samples") in welcome
    message = sandbox.guild.channel.history()[0]
    names = {path.name for path in samples()}
    assert {file.filename for file in message.attachments} == names
    assert {path.name for path in (folder / "samples").iterdir()} == {
        *names,
        *(f"{word}.jpg" for word in OUTCOMES_BY_NAME),
    }


async def test_a_member_and_an_administrator_find_their_commands(sandbox: Sandbox, visitor: Visitor) -> None:
    found = await visitor.invocations()
    assert found > set(sandbox.app.models) | COMMANDS
    assert not any(each.startswith("admin ") for each in found)
    await visitor.switch("Ada (administrator)")
    assert await visitor.invocations() > found | {"admin refund", "admin spend"}


async def test_a_command_with_two_files_becomes_a_picture(sandbox: Sandbox, visitor: Visitor) -> None:
    before = await free(sandbox)
    receipt = await visitor.run("faceswap-v5", face_and_target())
    assert not receipt["rejected"], receipt
    assert "Completed" in (await visitor.until("Completed"))[-1]
    last = sandbox.guild.channel.last_message
    assert last is not None
    picture, original = last.attachments
    assert picture.content_type == "image/png"
    assert original.filename.startswith("before-")
    assert await free(sandbox) == before - 5


async def test_a_button_of_the_welcome_makes_a_group_of_separate_photos(
    sandbox: Sandbox, visitor: Visitor
) -> None:
    before, message = await free(sandbox), sandbox.guild.channel.history()[0]
    async with sandbox.lock:
        await sandbox.guild.member.click(message, custom_id="show:group")
    assert "source_faces_index `0,1,2,3`" in (await visitor.until("Completed"))[-1]
    assert await free(sandbox) == before - 1


async def test_a_button_of_the_welcome_places_a_batch(sandbox: Sandbox, visitor: Visitor) -> None:
    before, message = await free(sandbox), sandbox.guild.channel.history()[0]
    async with sandbox.lock:
        await sandbox.guild.member.click(message, custom_id="show:batch")
    await visitor.until("3 of 3 done")
    assert await free(sandbox) == before - 3 * 5


async def test_clicks_on_a_page_that_jobs_keep_changing_are_not_lost(visitor: Visitor) -> None:
    for _ in range(3):
        # The visitor still acts on the page as it was at the start.
        receipt = await visitor.run("faceswap-v5", face_and_target("fail.jpg"))
        assert not receipt["rejected"], receipt
    await visitor.until_anywhere("Failed", times=3)


@pytest.mark.parametrize(("word", "shown"), [("fail", "Failed"), ("blocked", "Blocked")])
async def test_the_name_of_a_file_scripts_the_outcome(
    sandbox: Sandbox, visitor: Visitor, word: str, shown: str
) -> None:
    before = await free(sandbox)
    await visitor.run("faceswap-v5", face_and_target(f"{word}.jpg"))
    await visitor.until(shown)
    assert await free(sandbox) == before


async def test_a_port_in_use_is_an_error_of_one_sentence(sandbox: Sandbox, tmp_path: Path) -> None:
    port = int(sandbox.address.rpartition(":")[2])
    with pytest.raises(SandboxError, match=f"port {port} is in use"):
        async with open_sandbox(AGREED, SandboxOptions(port, 10, folder=tmp_path)):
            pass


async def test_an_invalid_port_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="the port is 65536, but must be from 0 to 65535"):
        async with open_sandbox(AGREED, SandboxOptions(65536, 10, folder=tmp_path)):
            pass


async def test_an_invalid_speed_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(SandboxError, match="the speed is 0, but must be from"):
        async with open_sandbox(AGREED, SandboxOptions(0, 0, folder=tmp_path)):
            pass
