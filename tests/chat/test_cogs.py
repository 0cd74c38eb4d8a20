"""Every module of `cogs/` is an extension that loads, unloads and reloads on its own."""

from typing import Any

import pytest

from bot.chat.client import Doppel
from bot.registry import iter_modules
from tests.chat.admin_harness import Server, said
from tests.harness import MODELS, Stage

EXTENSIONS = list(iter_modules("cogs"))


async def payload(client: Doppel) -> dict[tuple[int, str], dict[str, Any]]:
    """The commands as Discord receives them, by type and name."""
    tree = client.tree
    assert tree.translator is not None
    sent = [await command.get_translated_payload(tree, tree.translator) for command in tree.get_commands()]
    return {(each["type"], each["name"]): each for each in sent}


def commands_of(client: Doppel) -> dict[tuple[int, str], dict[str, Any]]:
    """The same in English alone, which takes a tenth of the time."""
    sent = [command.to_dict(client.tree) for command in client.tree.get_commands()]
    return {(each["type"], each["name"]): each for each in sent}


async def test_the_bot_loads_every_module_as_an_extension_with_a_cog(stage: Stage) -> None:
    client = stage.app.client
    assert sorted(client.extensions) == EXTENSIONS
    assert {type(cog).__module__ for cog in client.cogs.values()} == set(EXTENSIONS)


async def test_all_cogs_unload_without_a_trace_and_load_again(stage: Stage) -> None:
    client = stage.app.client
    before = await payload(client)
    assert len(before) >= len(EXTENSIONS)
    for extension in EXTENSIONS:
        await client.unload_extension(extension)
    assert client.tree.get_commands() == []
    assert dict(client.cogs) == {}
    for extension in EXTENSIONS:
        await client.load_extension(extension)
    assert await payload(client) == before


async def test_each_cog_unloads_and_reloads_while_the_others_are_loaded(stage: Stage) -> None:
    client = stage.app.client
    before = commands_of(client)
    for extension in EXTENSIONS:
        await client.unload_extension(extension)
        rest = commands_of(client)
        assert rest.keys() < before.keys(), extension
        assert all(rest[name] == before[name] for name in rest), extension
        await client.load_extension(extension)
        assert commands_of(client) == before, extension
        await client.reload_extension(extension)
        assert commands_of(client) == before, extension


@pytest.mark.parametrize("slug", MODELS)
async def test_a_reloaded_model_still_takes_orders(stage: Stage, slug: str) -> None:
    await stage.app.client.reload_extension(MODELS[slug].__module__)
    await stage.finish(await stage.order(slug), "Completed")


async def test_a_reloaded_list_still_turns_its_pages(server: Server) -> None:
    client = server.stage.app.client
    for _ in range(11):
        await server.tell("credits cap", amount=500)
    shown = await server.admin.slash(server.channel, "admin changes")
    assert shown.response is not None
    await client.reload_extension("cogs.admin")
    older = await server.admin.click(shown.response, label="Older")
    assert older.response is not None
    assert "Newer" in str(older.response.components)


async def test_a_button_of_an_unloaded_list_says_that_its_command_has_changed(server: Server) -> None:
    for _ in range(11):
        await server.tell("credits cap", amount=500)
    shown = await server.admin.slash(server.channel, "admin changes")
    assert shown.response is not None
    await server.stage.app.client.unload_extension("cogs.admin")
    assert "This command has changed" in said(await server.admin.click(shown.response, label="Older"))
