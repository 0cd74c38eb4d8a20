"""A bot of the kind that people write: one command, the official SDK in threads, nothing stored.

It has only what the comparison needs, and a thread for each job in flight; asyncio's own pool has six
threads on a machine with two cores.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any

import aiohttp
import discord
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route
from segmind import SegmindClient
from yarl import URL


class PlainBot(discord.Client):
    """The client, with its own pool of threads."""

    def __init__(self, threads: int) -> None:
        super().__init__(intents=discord.Intents(guilds=True))
        self.tree = app_commands.CommandTree(self)
        self.threads = ThreadPoolExecutor(threads)
        self.segmind = SegmindClient(
            os.environ["SEGMIND_API_KEY"], base_url=f"{os.environ['SEGMIND_BASE_URL']}/v1"
        )

    async def setup_hook(self) -> None:
        asyncio.get_running_loop().set_default_executor(self.threads)
        self.tree.add_command(faceswap)
        await self.tree.sync()


@app_commands.command(name="faceswap-v4", description="Swap a face into a picture")
async def faceswap(
    interaction: discord.Interaction[Any],
    source_image: discord.Attachment,
    target_image: discord.Attachment,
) -> None:
    bot = interaction.client
    assert isinstance(bot, PlainBot)
    await interaction.response.defer(thinking=True)
    try:
        made: dict[str, Any] = await asyncio.to_thread(
            bot.segmind.run, "faceswap-v4", source_image=source_image.url, target_image=target_image.url
        )
        async with aiohttp.ClientSession() as session, session.get(made["output"]) as answer:
            picture = discord.File(BytesIO(await answer.read()), "result.png")
        await interaction.edit_original_response(content="Here it is!", attachments=[picture])
    except Exception as error:  # noqa: BLE001 - as people do.
        await interaction.edit_original_response(content=f"Something went wrong: {error}")


def main() -> None:
    Route.BASE = os.environ["DOPPEL_DISCORD_API"]
    DiscordWebSocket.DEFAULT_GATEWAY = URL(os.environ["DOPPEL_DISCORD_GATEWAY"])
    PlainBot(int(os.environ["THREADS"])).run(os.environ["DISCORD_TOKEN"], log_handler=None)


if __name__ == "__main__":
    main()
