"""What became of the orders: a member's own, and for moderators those of their server."""

from discord import Interaction, app_commands

from bot.chat.answers import give, promise
from bot.chat.jobs_list import HERE, MINE, JobLists
from bot.chat.services import Host

JOBS = "Your running and recent jobs: what became of them, and results that could not be shown"


async def setup(bot: Host) -> None:
    its = bot.services
    lists = JobLists(its.recents, its.cards, its.text)
    its.pages.add(MINE, lists.mine)
    its.pages.add(HERE, lists.here)

    @app_commands.describe(server="Everybody's in this server, which only its moderators can see")
    async def jobs(interaction: Interaction, server: bool = False) -> None:
        await promise(interaction)
        await give(interaction, await its.pages.first(interaction, HERE if server else MINE))

    bot.tree.add_command(app_commands.Command(name="jobs", description=JOBS, callback=jobs))
