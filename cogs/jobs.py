"""`/jobs`: a member's jobs, and for moderators those of their server."""

from discord import app_commands
from discord.ext import commands

from bot.chat.account.jobs_list import MEMBER_LIST, SERVER_LIST
from bot.chat.account.services import AccountServices
from bot.chat.client import Doppel
from bot.chat.interactions import Interaction
from bot.chat.ui.replies import defer_ephemeral, send_deferred

DESCRIPTION = "Your running and recent jobs, with results that couldn't be shown"


class Jobs(commands.Cog):
    """The command `/jobs`."""

    def __init__(self, services: AccountServices) -> None:
        self._pages = services.pages
        self._lists = services.job_lists

    async def cog_load(self) -> None:
        self._pages.add(MEMBER_LIST, self._lists.of_member)
        self._pages.add(SERVER_LIST, self._lists.of_server)

    async def cog_unload(self) -> None:
        self._pages.remove(MEMBER_LIST)
        self._pages.remove(SERVER_LIST)

    @app_commands.command(description=DESCRIPTION)
    @app_commands.describe(server="Show everyone's jobs in this server (moderators only)")
    async def jobs(self, interaction: Interaction, server: bool = False) -> None:
        await defer_ephemeral(interaction)
        await send_deferred(
            interaction, await self._pages.first(interaction, SERVER_LIST if server else MEMBER_LIST)
        )


async def setup(bot: Doppel) -> None:
    await bot.add_cog(Jobs(bot.account))
